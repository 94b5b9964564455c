// Usage: node demo_call.mjs URL SIP_WS_URL SCREENSHOT.png
//
// Two tabs of /demo of the server at URL call each other; a stand-in answers in place of the SIP server at SIP_WS_URL.
// Prints one line of JSON: what the tabs showed. Fails when something that should be shown is not, and on any fault of
// the pages.
import { randomBytes } from "node:crypto";
import { launch, MEDIA, openPage } from "./browser.mjs";
import { DemoTab } from "./demo_tab.mjs";
import { SipExchange } from "./sip_exchange.mjs";

const LIMIT_MS = 30_000;
const DEVICES = { permissions: ["microphone", "camera"] };

async function signIn(browser, { url, sipUrl, exchange, faults }, devices) {
    const account = { username: `demo_${randomBytes(6).toString("hex")}`, password: randomBytes(12).toString("hex") };
    exchange.allow(account.username, account.password);
    const page = await openPage(await browser.newContext(devices), url, faults);
    await exchange.serve(page, sipUrl);
    const tab = new DemoTab(page, account, LIMIT_MS);
    await tab.enter(url, "register", 'Al "the" <b>');
    return tab;
}

async function outcome(tab, kind) {
    await tab.sees(`#outcome[data-kind="${kind}"]`);
    return tab.text("outcome");
}

// Media flow both ways when each side receives of each kind, with a rate that is shown.
async function talk(tabs, kinds) {
    for (const tab of tabs) {
        await tab.talks();
        for (const kind of kinds)
            await tab.sees(`#${kind}-statistics[data-received-rate]:not([data-received-rate="0"])`);
    }
    const [tab] = tabs;
    const codecs = await Promise.all(kinds.map(async (kind) => (await tab.data(`${kind}-statistics`)).codec));
    return { local: await tab.data("local-candidate"), remote: await tab.data("remote-candidate"), codecs };
}

async function videoCall(alice, bob, screenshot) {
    await alice.call(bob.user, "call-video");
    await bob.sees("#incoming");
    const caller = await bob.text("caller");
    await alice.sees('#call[data-state="ringing"]');
    await bob.click("answer-video");
    const media = await talk([alice, bob], ["audio", "video"]);
    await alice.click("mute");
    await alice.sees('#mute[aria-pressed="true"]');
    await alice.page.screenshot({ path: screenshot, fullPage: true });
    await bob.click("hang-up");
    return { caller, media, alice: await outcome(alice, "hung-up"), bob: await outcome(bob, "hung-up") };
}

async function refusedCalls(alice, bob) {
    const said = {};
    await alice.call(bob.user);
    await bob.click("reject");
    said.declined = await outcome(alice, "declined");
    await alice.call(bob.user);
    await bob.sees("#incoming");
    await alice.click("hang-up");
    said.cancelled = await outcome(bob, "cancelled");
    for (const [status, kind] of [[480, "unreachable"], [486, "busy"], [503, "server"]]) {
        await alice.call({ username: `answers_${status}` });
        said[kind] = await outcome(alice, kind);
    }
    return said;
}

// The server names a relay over TCP where nobody listens.
async function withoutRelay(alice, bob) {
    await alice.call(bob.user, "call-audio", "relay-tcp");
    return outcome(alice, "no-relay");
}

// A third user whose browser refuses the microphone.
async function silentCall(carol, bob) {
    await carol.call(bob.user);
    await bob.sees("#incoming");
    const before = await bob.page.locator("#outcome").isVisible();
    await bob.click("answer");
    const media = await talk([bob, carol], ["audio"]);
    const notice = await carol.text("message");
    await carol.click("hang-up");
    await outcome(bob, "hung-up");
    return { before, notice, media };
}

async function main(browser, [url, sipUrl, screenshot]) {
    const around = { url, sipUrl, exchange: new SipExchange(), faults: [] };
    const alice = await signIn(browser, around, DEVICES);
    const bob = await signIn(browser, around, DEVICES);
    const carol = await signIn(browser, around, {});
    const video = await videoCall(alice, bob, screenshot);
    const refused = await refusedCalls(alice, bob);
    const silent = await silentCall(carol, bob);
    const relay = await withoutRelay(alice, bob);
    return { alice: alice.user.username, video, refused, silent, relay, faults: around.faults };
}

const given = process.argv.slice(2);
if (!given[2]?.endsWith(".png")) {
    console.error("usage: node demo_call.mjs URL SIP_WS_URL SCREENSHOT.png");
    process.exit(2);
}
const browser = await launch(...MEDIA);
try {
    const seen = await main(browser, given);
    console.log(JSON.stringify(seen));
    process.exitCode = seen.faults.length ? 1 : 0;
} finally {
    await browser.close();
}
