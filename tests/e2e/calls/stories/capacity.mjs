// The room that an installation has, and what callers meet when it is full.
import assert from "node:assert/strict";
import { mediaCalls } from "../rtpengine.mjs";
import { SipPhone } from "../sip_phone.mjs";
import { account, stack } from "../stack.mjs";
import { until } from "../until.mjs";

const PORTS = 4; // of an audio call, as docs/calls.md says
const RELEASED_MS = stack.ringSeconds * 1_000 + 10_000; // rtpengine keeps a call's ports for some seconds

async function ring(alice, bob) {
    const call = await alice.call(bob.user);
    const invite = await bob.rings();
    await alice.answered(call, (status) => status === 180);
    return { call, invite };
}

async function portsRunOut(t) {
    const [alice, bob] = [await SipPhone.open(t, await account("alice")), await SipPhone.open(t, await account("bob"))];
    assert.equal(await bob.register(), 200);
    const ringing = [];
    while (ringing.length < Math.floor(stack.rtpPorts / PORTS)) ringing.push(await ring(alice, bob));
    assert.equal((await alice.outcome(await alice.call(bob.user))).status, 503, "one call more");

    const { call, invite } = ringing.pop();
    const [answer] = await Promise.all([alice.outcome(call), bob.answer(invite)]);
    assert.equal(answer.status, 200, "a call that had its ports goes on");
    const bye = alice.hangUp(call, answer);
    bob.reply(await bob.asked("BYE"), 200);
    assert.equal(await bye, 200);
    for (const { call: other } of ringing) assert.equal((await alice.final(alice.cancel(other))).status, 200);
    await until(async () => (await mediaCalls()).length === 0, RELEASED_MS, async () => `free ports (${await mediaCalls()})`);
    const { call: next } = await ring(alice, bob);
    assert.equal((await alice.final(alice.cancel(next))).status, 200);
}

export const stories = {
    "When the ports for media run out, a further call is refused, those that ring go on": portsRunOut,
};
