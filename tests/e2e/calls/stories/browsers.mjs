// Calls between two browsers: media go through rtpengine, encrypted with DTLS-SRTP on both legs.
import assert from "node:assert/strict";
import { mediaCalls, mediaStreams } from "../rtpengine.mjs";
import { account } from "../stack.mjs";
import { Tab } from "../tab.mjs";

const DTLS_SRTP = "UDP/TLS/RTP/SAVPF";

async function twoTabs(t, browser) {
    const users = [await account("alice"), await account("bob")];
    return Promise.all(users.map((user) => Tab.open(t, browser, user)));
}

// The call that rtpengine has had since `earlier` was looked up.
async function streamsOfNewCall(earlier) {
    const added = (await mediaCalls()).filter((each) => !earlier.includes(each));
    assert.equal(added.length, 1, "one call went through rtpengine");
    return mediaStreams(added[0]);
}

function assertEncrypted(streams, kinds) {
    for (const kind of kinds) {
        const legs = streams.filter((each) => each.kind === kind);
        assert.equal(legs.length, 2, `${kind} has two legs`);
        for (const { protocol, packets, crypto, flags } of legs) {
            assert.ok(packets >= 50, `rtpengine counted ${packets} packets of ${kind}`);
            assert.equal(protocol, DTLS_SRTP);
            assert.ok(crypto, "SRTP has a cipher");
            assert.ok(flags.includes("DTLS fingerprint verified"), flags.join(", "));
        }
    }
}

async function hangUp(alice, bob) {
    await bob.click("hang-up");
    assert.equal((await alice.outcome()).kind, "hung-up");
    for (const tab of [alice, bob]) tab.complains();
}

async function video(t, browser) {
    const [alice, bob] = await twoTabs(t, browser);
    const earlier = await mediaCalls();
    await alice.call(bob.user, "call-video");
    await bob.answer("answer-video");
    await Promise.all([alice, bob].map((tab) => tab.hears(["audio", "video"])));
    assertEncrypted(await streamsOfNewCall(earlier), ["audio", "video"]);
    await hangUp(alice, bob);
}

const relayed = (transport) => async (t, browser) => {
    const [alice, bob] = await twoTabs(t, browser);
    await alice.call(bob.user, "call-audio", `relay-${transport}`);
    await bob.answer("answer", `relay-${transport}`);
    await Promise.all([alice, bob].map((tab) => tab.hears(["audio"])));
    for (const tab of [alice, bob]) {
        const { type, relayProtocol } = await tab.data("local-candidate");
        assert.ok(["relay", "prflx"].includes(type), type); // the latter where rtpengine is reached without the relay's public address
        assert.equal(relayProtocol, transport); // which candidates of a relay alone have
    }
    await hangUp(alice, bob);
};

export const stories = {
    "Two browsers see and hear each other, encrypted, through the media relay": video,
    "Two browsers talk over TURN alone, by UDP, with the API's credentials": relayed("udp"),
    "Two browsers talk over TURN alone, by TCP": relayed("tcp"),
    "Two browsers talk over TURN alone, by TLS": relayed("tls"),
};
