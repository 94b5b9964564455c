// Calls between a browser and native phones: rtpengine turns WebRTC's media into theirs.
import assert from "node:assert/strict";
import { Baresip } from "../baresip.mjs";
import { mediaCalls, mediaStreams } from "../rtpengine.mjs";
import { SipPhone } from "../sip_phone.mjs";
import { sippAnswers, sippCalls } from "../sipp.mjs";
import { account, script, stack } from "../stack.mjs";
import { Tab } from "../tab.mjs";
import { until } from "../until.mjs";

const MEDIA_MS = 10_000;

// Both legs of the call that is not among the `earlier` ones carry audio, in these protocols.
async function bothHear(earlier, protocols) {
    const [callId] = (await mediaCalls()).filter((each) => !earlier.includes(each));
    let legs = [];
    const flows = async () => {
        legs = (await mediaStreams(callId)).filter((each) => each.kind === "audio" && each.packets >= 50);
        return legs.length === 2;
    };
    await until(flows, MEDIA_MS, () => `audio on both legs (there is ${JSON.stringify(legs)})`);
    assert.deepEqual(legs.map((each) => each.protocol).sort(), protocols);
}

const BROWSER = "UDP/TLS/RTP/SAVPF";
const PLAIN = ["RTP/AVP", BROWSER];
const ENCRYPTED = [BROWSER, BROWSER];

async function begin(t, browser) {
    const [tab, phone] = [await Tab.open(t, browser, await account("alice")), await account("bob")];
    return { tab, phone, earlier: await mediaCalls() };
}

async function talk(tab, earlier, protocols) {
    await tab.hears(["audio"]);
    await bothHear(earlier, protocols);
    await tab.click("hang-up");
    assert.equal((await tab.outcome()).kind, "hung-up");
    tab.complains();
}

async function callsPlainPhone(t, browser) {
    const { tab, phone, earlier } = await begin(t, browser);
    const sipp = await sippAnswers(t);
    const registrar = await SipPhone.open(t, phone);
    assert.equal(await registrar.register({ contact: `<sip:${phone.username}@${sipp.address}>` }), 200);
    await tab.call(phone);
    await talk(tab, earlier, PLAIN);
    assert.equal(await sipp.ended, 0, sipp.said());
}

async function calledByPlainPhone(t, browser) {
    const { tab, phone, earlier } = await begin(t, browser);
    const sipp = await sippCalls(t, phone, tab.user);
    await tab.answer();
    await talk(tab, earlier, PLAIN);
    assert.equal(await sipp.ended, 0, sipp.said());
}

const callsNativePhone = (encryption, protocols) => async (t, browser) => {
    const { tab, phone, earlier } = await begin(t, browser);
    const baresip = await Baresip.open(t, phone, { encryption });
    await tab.call(phone);
    await baresip.event("CALL_INCOMING");
    await baresip.tell("accept");
    await talk(tab, earlier, protocols);
    await baresip.event("CALL_CLOSED");
};

async function calledByNativePhone(t, browser) {
    const { tab, phone, earlier } = await begin(t, browser);
    const baresip = await Baresip.open(t, phone, { encryption: "dtls_srtp" });
    await baresip.tell("dial", `sip:${tab.user.username}@${stack.sipDomain}`);
    await tab.answer();
    await talk(tab, earlier, ENCRYPTED);
    await baresip.event("CALL_CLOSED");
}

// The other stories may use plain RTP; this one runs with what is allowed in production.
const inProduction = (encryption, story) => async (t, browser) => {
    t.after(() => script("up.sh", "kamailio"));
    await script("up.sh", "kamailio", { SIP_ALLOW_PLAIN_RTP: "false", SIP_SRTP: encryption });
    await story(t, browser);
};

const SESSION = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=m=audio 6000 RTP/SAVP 0", "c=IN IP4 127.0.0.1", "t=0 0"];
const sdp = (...media) => [...SESSION, ...media, ""].join("\r\n");
const KEY = "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz";

async function encryptedOnly(t) {
    const [alice, bob] = [await SipPhone.open(t, await account("alice")), await SipPhone.open(t, await account("bob"))];
    assert.equal(await bob.register(), 200);
    const good = ["m=audio 6000 RTP/SAVP 0", KEY];
    const refused = [
        ["m=audio 6000 RTP/AVP 0"],
        ["m=audio 6000/2 RTP/AVP 0"],
        ["m=audio 0 RTP/SAVP 0", "m=audio 6000/2 RTP/AVP 0"],
        ["m=audio  6000 RTP/AVP 0"],
        [...good, "m=video 6002 RTP/AVPF 96"],
        [...good, "m=message 6002 TCP/MSRP *"],
    ];
    for (const media of refused)
        assert.equal((await alice.outcome(await alice.call(bob.user, { body: sdp(...media) }))).status, 488, media.join());

    const call = await alice.call(bob.user, { body: sdp(...good, "m=video 0 RTP/AVP 96") });
    const invite = await bob.rings();
    assert.equal(invite.one("call-id"), call.callId, "the first one that reached him");
    assert.match(invite.body, /^m=audio [1-9]\d* UDP\/TLS\/RTP\/SAVP 0/m);
    assert.equal((await alice.final(alice.cancel(call))).status, 200);
}

export const stories = {
    "A browser calls a plain SIP phone, and each hears the other": callsPlainPhone,
    "A plain SIP phone calls a browser": calledByPlainPhone,
    "A browser calls a native phone that is registered over TLS": callsNativePhone("", PLAIN),
    "A native phone calls a browser with encrypted media": calledByNativePhone,
    "In production media that are not encrypted are refused": inProduction("dtls", encryptedOnly),
    "In production a browser calls a native phone, and each hears the other (DTLS-SRTP)": inProduction(
        "dtls",
        callsNativePhone("dtls_srtp", ["UDP/TLS/RTP/SAVP", BROWSER]),
    ),
    "In production a browser calls a native phone, and each hears the other (SDES)": inProduction(
        "sdes",
        callsNativePhone("srtp-mand", ["RTP/SAVP", BROWSER]),
    ),
};
