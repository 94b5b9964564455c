// What nobody may do: use another one's name, break into calls, flood, or relay to where he has no business.
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:net";
import { setCount } from "../kamailio.mjs";
import { random } from "../sip_message.mjs";
import { SipPhone } from "../sip_phone.mjs";
import { account, ask, deleteAccount, stack, turnCredentials } from "../stack.mjs";
import { askRelay } from "../turn.mjs";

const GUESSES = 20; // at one account
const ALL_GUESSES = 100;
const DAY_S = 86_400;
const FLOOD = 300;
const FLOOD_ANSWERED = 200; // a hundred in two seconds are allowed, and a burst may fall into two such periods
const SELF = `sip:127.0.0.1:${stack.sipPort}`;

const twoPhones = async (t) => [await SipPhone.open(t, await account("alice")), await SipPhone.open(t, await account("bob"))];

async function wrongPassword(t) {
    const [alice, bob] = await twoPhones(t);
    const guess = { ...alice.user, password: random() };
    assert.equal(await alice.register({ user: guess }), 401);
    const { sent } = await alice.authenticated({ method: "INVITE", uri: bob.aor, body: alice.rtp.sdp }, guess);
    assert.equal((await alice.outcome(sent)).status, 407);
    assert.equal(await alice.register(), 200);
}

async function foreignName(t) {
    const [alice, bob] = await twoPhones(t);
    for (const name of [bob.aor, `sip:${alice.user.username}@elsewhere.example`]) {
        const call = { method: "INVITE", uri: bob.aor, from: `<${name}>;tag=1`, body: alice.rtp.sdp };
        const { sent, answer } = await alice.authenticated(call);
        assert.equal((answer ?? (await alice.outcome(sent))).status, 403, name);
    }
    assert.equal(await alice.register({ user: bob.user }), 403, "bob's password does not register alice");
}

// Headers that phones show in place of From.
async function claims(t) {
    const [alice, bob] = await twoPhones(t);
    assert.equal(await bob.register(), 200);
    const names = ["P-Asserted-Identity", "p-preferred-identity", "Remote-Party-ID"];
    const more = names.map((name) => [name, `"Your bank" <sip:bank@${stack.sipDomain}>`]);
    const claimed = (message) => names.filter((name) => message.all(name).length);
    const call = await alice.call(bob.user, { more });
    const invite = await bob.asked("INVITE");
    bob.reply(invite, 180, "", more);
    const ringing = await alice.answered(call, (status) => status === 180);
    bob.reply(invite, 200, bob.rtp.sdp, more);
    const answer = await alice.outcome(call);
    await bob.asked("ACK");
    const info = alice.within(call, answer, "INFO", call.cseq + 1, more);
    const asked = await bob.asked("INFO");
    bob.reply(asked, 200, "", more);
    const told = await alice.final(info);
    assert.deepEqual([invite, ringing, answer, asked, told].map(claimed), [[], [], [], [], []]);
}

async function forgedDialogue(t) {
    const [alice, bob] = await twoPhones(t);
    assert.equal(await bob.register(), 200);
    const uri = `sip:${bob.user.username}@${bob.address}`;
    const forged = { method: "INVITE", uri, to: `<${bob.aor}>;tag=1`, body: alice.rtp.sdp };
    for (const route of [`<${SELF};lr>`, `<${SELF};lr;vc=${random(16)}>`]) {
        const request = alice.request({ ...forged, more: [["Route", route]] });
        assert.equal((await alice.outcome(request)).status, 403);
    }
    const call = await alice.call(bob.user);
    assert.equal((await bob.rings()).one("call-id"), call.callId, "what reaches bob first is the honest call");
    assert.equal((await alice.final(alice.cancel(call))).status, 200);
}

// What Kamailio puts into the Record-Route of a call that came at `seconds` (since 1970).
async function markOf(callId, seconds) {
    const seed = await readFile(`${stack.state}/keys/kamailio.seed`);
    const key = createHash("sha256").update("call\n").update(seed).digest("hex");
    return `${seconds}.${createHash("md5").update(`${key}${seconds}:${callId}${key}`).digest("hex")}`;
}

// With the mark of a call one may send what belongs to it, for a day, and where clients are already.
async function marks(t) {
    const [alice, bob] = await twoPhones(t);
    const listener = createServer().listen(0, "127.0.0.1");
    t.after(() => listener.close());
    await once(listener, "listening");
    let connected = 0;
    listener.on("connection", () => (connected += 1));
    const [callId, now] = [random(), Math.floor(Date.now() / 1_000)];
    let cseq = 0;
    const send = (mark, uri = `sip:${bob.user.username}@${bob.address}`) => {
        const more = [["Route", `<${SELF};lr;vc=${mark}>`]];
        return alice.request({ method: "INFO", uri, to: `<${bob.aor}>;tag=1`, callId, more, cseq: (cseq += 1) });
    };

    const good = send(await markOf(callId, now - DAY_S + 60));
    bob.reply(await bob.asked("INFO"), 200);
    assert.equal((await alice.final(good)).status, 200);
    const bad = [await markOf(callId, now - DAY_S - 60), await markOf(random(), now), `${now}.${random(16)}`, `${now}`, ""];
    for (const mark of bad) assert.equal((await alice.final(send(mark))).status, 403, mark);
    const away = send(await markOf(callId, now), `sip:bob@127.0.0.1:${listener.address().port};transport=tcp`);
    assert.notEqual((await alice.final(away)).status, 200);
    assert.deepEqual([connected, bob.waiting()], [0, 0]);
}

const probe = (phone) => phone.request({ method: "OPTIONS", uri: SELF });
const served = async (phone) => (await phone.final(probe(phone))).status === 200;

// Datagrams are served in the order they came: when the other phone's is answered, this one's before it had its turn.
async function ignored(phone, other) {
    const { callId } = probe(phone);
    assert.ok(await served(other), "other addresses are served");
    return phone.waiting((each) => each.one("call-id") === callId) === 0;
}

async function flood(t) {
    const user = await account("alice");
    const [attacker, other] = [await SipPhone.open(t, user, "127.0.0.9"), await SipPhone.open(t, user)];
    assert.ok(await served(attacker));
    for (let i = 0; i < FLOOD; i += 1) probe(attacker);
    assert.ok(await served(other), "other addresses are served");
    assert.ok(await ignored(attacker, other), "the address is not served any more");
    const answered = attacker.waiting();
    t.diagnostic(`measured: ${answered} of ${FLOOD} requests were answered`);
    assert.ok(answered <= FLOOD_ANSWERED, `${answered} requests were answered`);
}

async function guessing(t) {
    const [alice, bob] = await twoPhones(t);
    const guess = (phone, name) => phone.register({ user: { username: name, password: random() } });
    for (let i = 1; i < GUESSES; i += 1) assert.equal(await guess(alice, bob.user.username), 401);
    assert.equal(await alice.register(), 200);
    assert.ok(await served(alice));
    assert.equal(await guess(alice, bob.user.username), 401);
    assert.ok(await ignored(alice, bob), "one account, and a success with another one");

    const carol = await SipPhone.open(t, await account("carol"));
    await setCount("guesses", carol.address.split(":")[0], ALL_GUESSES - 1);
    assert.equal(await carol.register(), 200);
    assert.equal(await guess(carol, random()), 401);
    assert.ok(await ignored(carol, bob), "many accounts");
}

async function tooLarge(t) {
    const [alice] = await twoPhones(t);
    const request = alice.request({ method: "INVITE", uri: alice.aor, body: "a".repeat(40_000) });
    assert.equal((await alice.final(request)).status, 513);
    assert.equal(await alice.register(), 200);
}

async function relayCredentials() {
    const given = await turnCredentials(await account("alice"));
    assert.equal((await askRelay(given)).relay, 0);
    const forged = createHmac("sha1", "not the secret").update(given.username).digest("base64");
    assert.equal((await askRelay({ ...given, password: forged })).relay, 401);

    const username = given.username.replace(/^\d+/, String(Math.floor(Date.now() / 1_000) - 60));
    const password = createHmac("sha1", stack.turnSecret).update(username).digest("base64");
    assert.equal((await askRelay({ username, password })).relay, 401, "expired");
}

// While TURN_SECRET is being replaced.
async function relaySecretBefore() {
    const given = await turnCredentials(await account("alice"));
    const made = (secret) => createHmac("sha1", secret).update(given.username).digest("base64");
    assert.equal(given.password, made(stack.turnSecret), "the API uses the new one");
    assert.equal((await askRelay(given)).relay, 0);
    assert.equal((await askRelay({ ...given, password: made(stack.turnSecretBefore) })).relay, 0);
    assert.equal((await askRelay({ ...given, password: made(stack.turnSecretBefore + stack.turnSecret) })).relay, 401);
}

async function relayPeers() {
    const inside = ["10.0.0.1", "172.16.0.1", "192.168.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.1"];
    const elsewhere = [...inside, "8.8.8.8", "223.255.255.254"]; // asked for only: nothing is sent there
    const { relay, peers } = await askRelay(await turnCredentials(await account("alice")), ["127.0.0.1", ...elsewhere]);
    assert.equal(relay, 0);
    assert.deepEqual(peers, [0, ...elsewhere.map(() => 403)]);
}

async function deleted(t) {
    const [alice, bob] = await twoPhones(t);
    assert.equal(await bob.register(), 200);
    await deleteAccount(bob.user);
    assert.equal(await bob.register(), 401);
    const { sent } = await bob.authenticated({ method: "INVITE", uri: alice.aor, body: bob.rtp.sdp });
    assert.equal((await bob.outcome(sent)).status, 407);
    assert.equal((await alice.outcome(await alice.call(bob.user))).status, 404, "the phone that was registered does not ring");
    assert.equal((await ask("GET", "/api/v1/turn/credentials", { token: bob.user.token })).status, 401);
}

export const stories = {
    "A wrong SIP password neither registers nor calls": wrongPassword,
    "Guessing a SIP password ends in a ban, whatever else succeeds meanwhile": guessing,
    "Nobody calls or registers under another one's name": foreignName,
    "Nobody claims another name in a header that phones show": claims,
    "A forged request within a call is refused and reaches nobody": forgedDialogue,
    "The mark of a call is good for that call, for a day, and opens no connection": marks,
    "A message of 40 kB is refused": tooLarge,
    "TURN refuses a wrong secret and credentials that have expired": relayCredentials,
    "TURN accepts credentials made with the secret before, the API makes none": relaySecretBefore,
    "TURN relays to this server alone, neither to the network behind it nor to the world": relayPeers,
    "A deleted account can neither register, call nor be called, and gets no new credentials for a relay": deleted,
    "A flood of requests is ignored, others are served": flood,
};
