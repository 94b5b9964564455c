// Usage: node --test demo_modules.test.mjs
//
// The parts of /demo that need no browser: what it makes of credentials, SIP answers, errors and statistics.
import assert from "node:assert/strict";
import test from "node:test";
import { configuration } from "../../src/demo/pages/connection.js";
import { callOutcome, registrationFailure } from "../../src/demo/pages/outcome.js";
import { describe } from "../../src/demo/pages/rest.js";
import { summarize } from "../../src/demo/pages/statistics.js";

const URIS = [
    "turn:t.example:3478?transport=udp",
    "turn:t.example:3478?transport=tcp",
    "turns:t.example:5349?transport=tcp",
];
const credentials = { username: "1:alice", password: "p", uris: URIS };

test("a relay is asked for over the chosen transport only", () => {
    ["relay-udp", "relay-tcp", "relay-tls"].forEach((choice, index) => {
        const { iceServers, iceTransportPolicy } = configuration(choice, credentials);
        assert.equal(iceTransportPolicy, "relay");
        assert.deepEqual(iceServers, [{ urls: [URIS[index]], username: "1:alice", credential: "p" }]);
    });
});

test("a URI without a transport means UDP, below TLS TCP", () => {
    const uris = ["turn:t.example", "turns:t.example"];
    assert.deepEqual(configuration("relay-udp", { uris }).iceServers[0].urls, ["turn:t.example"]);
    assert.deepEqual(configuration("relay-tls", { uris }).iceServers[0].urls, ["turns:t.example"]);
});

test("a direct call knows no relay, and a relay that is not there is named", () => {
    assert.deepEqual(configuration("direct"), { iceServers: [], iceTransportPolicy: "all" });
    assert.throws(() => configuration("relay-tls", { uris: URIS.slice(0, 2) }), /no relay over TLS/);
});

const kindOf = (originator, cause, message) => callOutcome({ originator, cause, message }).kind;

test("the end of a call is told by status, cause and who caused it", () => {
    const kinds = { 404: "unknown", 408: "no-answer", 480: "unreachable", 486: "busy", 487: "cancelled", 603: "declined" };
    for (const [status, kind] of Object.entries(kinds))
        assert.equal(kindOf("remote", "Busy", { status_code: Number(status) }), kind);
    assert.equal(kindOf("local", "Terminated"), "hung-up");
    assert.notEqual(
        callOutcome({ originator: "local", cause: "Terminated" }).text,
        callOutcome({ originator: "remote", cause: "Terminated" }).text,
    );
    assert.equal(kindOf("local", "RTP Timeout"), "no-media");
    assert.equal(kindOf("system", "Connection Error"), "disconnected");
});

test("a status or a cause that nobody knows is shown as it is", () => {
    assert.match(callOutcome({ originator: "remote", cause: "X", message: { status_code: 499 } }).text, /499/);
    assert.match(callOutcome({ originator: "remote", cause: "Odd Thing" }).text, /Odd Thing/);
});

test("an answer that the browser cannot use is no refusal", () => {
    assert.equal(kindOf("remote", "Bad Media Description", { status_code: 200 }), "media");
});

test("a cancelled ring is told apart from one that another device ended", () => {
    const cancel = (reason) => ({ getHeader: (name) => (name === "Reason" ? reason : undefined) });
    assert.equal(kindOf("remote", "Canceled", cancel(undefined)), "cancelled");
    assert.equal(kindOf("remote", "Canceled", cancel('SIP;cause=200;text="Call completed elsewhere"')), "elsewhere");
});

test("a failed registration says what to look at", () => {
    assert.match(registrationFailure({ response: { status_code: 401 }, cause: "Authentication Error" }), /password/);
    assert.match(registrationFailure({ response: { status_code: 503 }, cause: "SIP Failure Code" }), /database/);
    assert.match(registrationFailure({ response: null, cause: "Request Timeout" }), /did not answer/);
});

test("an error of the API becomes one sentence", () => {
    assert.equal(describe(409, { detail: "Taken." }), "Taken.");
    const items = [{ loc: ["body", "password"], msg: "too short" }, { loc: ["body"], msg: "odd" }];
    assert.equal(describe(422, { detail: items }), "password: too short; body: odd");
    assert.match(describe(500, null), /500/);
});

function report(timestamp, bytesReceived) {
    const received = { timestamp, bytesReceived, packetsReceived: 7 };
    const relay = { candidateType: "relay", protocol: "udp", relayProtocol: "tls", address: "1.2.3.4", port: 5 };
    const all = [
        { id: "T", type: "transport", selectedCandidatePairId: "P" },
        { id: "other", type: "candidate-pair", nominated: true, state: "succeeded", localCandidateId: "X" },
        { id: "P", type: "candidate-pair", localCandidateId: "L", remoteCandidateId: "R" },
        { id: "L", type: "local-candidate", ...relay },
        { id: "R", type: "remote-candidate", candidateType: "host", protocol: "udp" },
        { id: "I", type: "inbound-rtp", kind: "audio", codecId: "C", ...received },
        { id: "C", type: "codec", mimeType: "audio/opus" },
    ];
    return new Map(all.map((each) => [each.id, each]));
}

test("statistics show the selected pair, the codec and the rate", () => {
    const summary = summarize(report(2_000, 9_000), report(1_000, 1_000));
    assert.deepEqual(summary.local, { type: "relay", protocol: "udp", relayProtocol: "tls", address: "1.2.3.4:5" });
    assert.deepEqual(summary.remote, { type: "host", protocol: "udp", relayProtocol: "", address: "" });
    assert.equal(summary.audio.codec, "opus");
    assert.equal(summary.audio.receivedRate, 64);
    assert.equal(summary.audio.packetsReceived, 7);
    assert.equal(summary.video, null);
});

test("a browser without transport reports marks the pair itself, and a new call has none", () => {
    const without = report(1, 1);
    without.delete("T");
    assert.equal(summarize(without, null).local, null); // the marked pair's candidate is not reported
    without.get("other").localCandidateId = "L";
    assert.equal(summarize(without, null).local.type, "relay");
    assert.equal(summarize(new Map(), null).local, null);
});
