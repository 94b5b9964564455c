// Calls that reach nobody end soon, with the right answer, and no device rings on.
import assert from "node:assert/strict";
import { countPushes, thePush } from "../fake_push.mjs";
import { SipPhone, talk } from "../sip_phone.mjs";
import { account, device, script, stack } from "../stack.mjs";

const AT_ONCE_MS = 3_000; // far from the ring time
const UNAVAILABLE = 480;
const TERMINATED = 487;

async function callerAndCallee(t) {
    const [alice, bob] = [await account("alice"), await account("bob")];
    return { caller: await SipPhone.open(t, alice), bob };
}

async function endsAtOnce(caller, call) {
    const { status } = await caller.outcome(call);
    const took = Date.now() - call.at;
    assert.equal(status, UNAVAILABLE);
    assert.ok(took <= AT_ONCE_MS, `it took ${took} ms`);
}

async function nobodyWakes(t) {
    const { caller, bob } = await callerAndCallee(t);
    const token = await device(bob);
    const call = await caller.call(bob);
    await thePush(token, "call", call);
    const ring = stack.ringSeconds * 1_000;
    const { status } = await caller.outcome(call, ring + 2_000);
    const took = Date.now() - call.at;
    assert.equal(status, UNAVAILABLE);
    assert.ok(took >= ring - 500, `it rang for ${took} ms only`);
    assert.equal((await thePush(token, "cancel", call)).payload.reason, "timeout");
}

async function callerHangsUp(t) {
    const { caller, bob } = await callerAndCallee(t);
    const token = await device(bob);
    const call = await caller.call(bob);
    await thePush(token, "call", call);
    assert.equal((await caller.final(caller.cancel(call))).status, 200);
    assert.equal((await caller.outcome(call)).status, TERMINATED);
    assert.equal((await thePush(token, "cancel", call)).payload.reason, "cancelled");

    const late = await SipPhone.open(t, bob);
    assert.equal(await late.register(), 200);
    const next = await caller.call(bob);
    assert.equal((await late.rings()).one("call-id"), next.callId, "the first call that arrives is the next one");
    assert.equal((await caller.final(caller.cancel(next))).status, 200);
}

async function noDevice(t) {
    const { caller, bob } = await callerAndCallee(t);
    await endsAtOnce(caller, await caller.call(bob));
}

async function unknownUser(t) {
    const { caller } = await callerAndCallee(t);
    assert.equal((await caller.outcome(await caller.call({ username: "nobody_at_all" }))).status, 404);
}

async function withoutApi(t) {
    const { caller, bob } = await callerAndCallee(t);
    const carol = await SipPhone.open(t, await account("carol"));
    const token = await device(bob);
    assert.equal(await carol.register(), 200);
    await script("down.sh", "api");
    try {
        await endsAtOnce(caller, await caller.call(bob));
        await talk(caller, carol);
    } finally {
        await script("up.sh", "api");
    }
    assert.equal(await countPushes(token, "call"), 0);
}

// The phone that was woken is told that the call is over as soon as that is possible.
async function hangsUpWithoutApi(t) {
    const { caller, bob } = await callerAndCallee(t);
    const token = await device(bob);
    const call = await caller.call(bob);
    await thePush(token, "call", call);
    await script("down.sh", "api");
    try {
        assert.equal((await caller.final(caller.cancel(call))).status, 200);
        assert.equal((await caller.outcome(call)).status, TERMINATED);
    } finally {
        await script("up.sh", "api");
    }
    assert.equal((await thePush(token, "cancel", call)).payload.reason, "cancelled");
}

export const stories = {
    "A phone that does not wake: the caller is told after the ring time, the phone that it is over": nobodyWakes,
    "The caller hangs up before the phone wakes: it never rings": callerHangsUp,
    "A user without any device is unreachable at once": noDevice,
    "A user who does not exist is not found": unknownUser,
    "While the API is down, sleeping users are unreachable at once and others can be called": withoutApi,
    "The caller hangs up while the API is down: the phone is told when it is up again": hangsUpWithoutApi,
};
