// Calls between a browser and native phones: rtpengine turns WebRTC's media into theirs.
import assert from "node:assert/strict";
import { Baresip } from "../baresip.mjs";
import { mediaCalls, mediaStreams } from "../rtpengine.mjs";
import { SipPhone } from "../sip_phone.mjs";
import { sippAnswers, sippCalls } from "../sipp.mjs";
import { account, stack } from "../stack.mjs";
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

const PLAIN = ["RTP/AVP", "UDP/TLS/RTP/SAVPF"];
const ENCRYPTED = ["UDP/TLS/RTP/SAVPF", "UDP/TLS/RTP/SAVPF"];

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

async function callsNativePhone(t, browser) {
    const { tab, phone, earlier } = await begin(t, browser);
    const baresip = await Baresip.open(t, phone, { encrypted: false });
    await tab.call(phone);
    await baresip.event("CALL_INCOMING");
    await baresip.tell("accept");
    await talk(tab, earlier, PLAIN);
    await baresip.event("CALL_CLOSED");
}

async function calledByNativePhone(t, browser) {
    const { tab, phone, earlier } = await begin(t, browser);
    const baresip = await Baresip.open(t, phone, { encrypted: true });
    await baresip.tell("dial", `sip:${tab.user.username}@${stack.sipDomain}`);
    await tab.answer();
    await talk(tab, earlier, ENCRYPTED);
    await baresip.event("CALL_CLOSED");
}

export const stories = {
    "A browser calls a plain SIP phone, and each hears the other": callsPlainPhone,
    "A plain SIP phone calls a browser": calledByPlainPhone,
    "A browser calls a native phone that is registered over TLS": callsNativePhone,
    "A native phone calls a browser with encrypted media": calledByNativePhone,
};
