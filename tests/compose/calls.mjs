// Usage: node --test-reporter=../e2e/calls/reporter.mjs --test-reporter-destination=stdout calls.mjs
//
// Calls through the containers' published ports, by the phones of tests/e2e/calls. scripts/test-compose.sh starts this.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import test, { after } from "node:test";
import { promisify } from "node:util";
import { Baresip } from "../e2e/calls/baresip.mjs";
import { SipPhone } from "../e2e/calls/sip_phone.mjs";
import { sippCalls } from "../e2e/calls/sipp.mjs";
import { account, device, stack, turnCredentials } from "../e2e/calls/stack.mjs";
import { stories } from "../e2e/calls/stories/browsers.mjs";
import { openBrowser } from "../e2e/calls/tab.mjs";
import { askRelay } from "../e2e/calls/turn.mjs";
import { until } from "../e2e/calls/until.mjs";

const LIMIT = { timeout: 60_000 };
const LONG = { timeout: 300_000 }; // containers are made anew
const CALLS = 8; // one after the other: some of Kamailio's four workers get more than one
const SOON_MS = 3_000; // the API has answered; nobody waits for RING_TIME
const PUBLIC = `${process.env.EDGE_PREFIX}.50`; // nobody's, and on a network that ends in this machine
const behindNat = (user) => `<sip:${user.username}@192.168.7.7:5060>`; // the engine's proxy is one
const run = promisify(execFile);
const up = (variables, more = []) => run("docker", ["compose", "up", "-d", "--no-build", "--wait", ...more], { env: { ...process.env, ...variables } });
const relayed = Object.entries(stories).flatMap(([name, story]) => (name.includes("TURN") ? [story] : []));

const kamailioLog = async () => (await run("docker", ["compose", "logs", "--no-color", "kamailio"], { maxBuffer: 1 << 26 })).stdout;

test("The API's credentials get a relay, others do not", LIMIT, async () => {
    const alice = await account("alice");
    const credentials = await turnCredentials(alice);
    // Nothing is relayed to this machine, to the other containers or into the world.
    const peers = ["127.0.0.1", "172.31.0.1", "10.0.0.1", "8.8.8.8"];
    assert.deepEqual(await askRelay(credentials, peers), { relay: 0, peers: [0, 403, 403, 403] });
    assert.equal((await askRelay({ ...credentials, password: "wrong" })).relay, 401);
});

test("A native phone registers over TLS", LIMIT, async (t) => {
    await Baresip.open(t, await account("bob"));
});

test("A plain phone calls another one, and both hear", LIMIT, async (t) => {
    const [alice, bob] = [await account("alice"), await account("bob")];
    const phone = await SipPhone.open(t, bob);
    phone.contact = behindNat(bob);
    assert.equal(await phone.register(), 200);
    const sipp = await sippCalls(t, alice, bob);
    const invite = await phone.rings();
    await phone.answer(invite);
    await until(() => phone.rtp.received >= 100, 10_000, () => `100 packets of media (there are ${phone.rtp.received})`);
    assert.equal(await phone.hangUpAnswered(invite), 200);
    assert.equal(await sipp.ended, 0, sipp.said());
});

test("A call to somebody offline goes to the API, which knows that no phone can be woken", LIMIT, async (t) => {
    const [alice, bob] = [await account("alice"), await account("bob")];
    await device(bob);
    const caller = await SipPhone.open(t, alice);
    const call = await caller.call(bob);
    await caller.answered(call, (status) => status === 182);
    assert.equal((await caller.outcome(call, SOON_MS)).status, 480);
    const line = `call-notify ${bob.username}@`;
    const found = async () => (await kamailioLog()).split("\n").find((each) => each.includes(line));
    assert.match(await until(found, SOON_MS, "Kamailio's line about call-notify"), /HTTP 200$/);
});

async function talk(caller, phone) {
    const earlier = [caller, phone].map(({ rtp }) => rtp.received);
    const heard = () => [caller, phone].map(({ rtp }, i) => rtp.received - earlier[i]);
    const call = await caller.call(phone.user);
    const [answer] = await Promise.all([caller.outcome(call), phone.rings().then((invite) => phone.answer(invite))]);
    assert.equal(answer.status, 200);
    await until(() => Math.min(...heard()) >= 10, SOON_MS, () => `media both ways (there are ${heard()} packets)`);
    const bye = caller.hangUp(call, answer);
    phone.reply(await phone.asked("BYE"), 200);
    assert.equal(await bye, 200);
    for (const { rtp } of [caller, phone]) rtp.stop(); // its ports are the next call's
}

// Its processes have the same numbers in every container, and rtpengine answers a question it has heard before as before.
test("Calls after a new container of Kamailio are calls of their own", LONG, async (t) => {
    const [alice, bob] = [await account("alice"), await account("bob")];
    const caller = await SipPhone.open(t, alice);
    for (const more of [[], ["--force-recreate", "--no-deps", "kamailio"]]) {
        await up({}, more);
        const phone = await SipPhone.open(t, bob);
        phone.contact = behindNat(bob);
        assert.equal(await phone.register(), 200);
        for (let i = 0; i < CALLS; i += 1) await talk(caller, phone);
        assert.equal(await phone.register({ expires: 0 }), 200);
    }
});

// As on a server that has a public address: coturn has to find rtpengine without it. Browsers need nothing but TURN.
async function relayedAt(t, chosen, variables) {
    await up({ SERVER_IP: PUBLIC, ...variables });
    const browser = await openBrowser();
    t.after(() => browser.close());
    for (const story of chosen) await story(t, browser);
}

test("Two browsers talk over TURN alone, on a server with a public address", LONG, (t) => relayedAt(t, relayed, {}));

test("The same with coturn in the machine's own network", LONG, (t) => {
    const files = `${process.env.COMPOSE_FILE}:${process.env.COMPOSE_FILE.replace("compose.yml", "compose.host-turn.yml")}`;
    // Of this machine's addresses, one that containers can answer and nobody outside can reach.
    const address = `${process.env.EDGE_PREFIX}.1`;
    const uris = `turn:${address}:${stack.turnPort}?transport=udp`;
    return relayedAt(t, relayed.slice(0, 1), { COMPOSE_FILE: files, LISTEN_IP: address, TURN_URIS: uris });
});

after(() => up({}));
