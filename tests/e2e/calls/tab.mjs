// A browser tab with /demo, in the hands of one user.
import { launch, MEDIA, openPage } from "../browser.mjs";
import { DemoTab } from "../demo_tab.mjs";
import { stack } from "./stack.mjs";
import { until } from "./until.mjs";

const LIMIT_MS = 30_000; // two browsers on a busy machine; what is measured is measured elsewhere
// The certificates are this stack's own; the addresses of the machine need not be hidden from the other side.
const FLAGS = [
    ...MEDIA,
    "--ignore-certificate-errors",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-features=WebRtcHideLocalIpsWithMdns",
];

export const openBrowser = () => launch(...FLAGS);

export class Tab extends DemoTab {
    #faults;

    // Opens the page and signs in; it is registered when this returns. t: the story, at whose end the tab is closed.
    static async open(t, browser, user) {
        const tab = await Tab.ready(t, browser, user);
        await tab.signIn();
        return tab;
    }

    // An empty tab, for who wants to measure from the moment the page opens.
    static async ready(t, browser, user) {
        const context = await browser.newContext({ permissions: ["microphone", "camera"], ignoreHTTPSErrors: true });
        t.after(() => context.close());
        const faults = [];
        return new Tab(await openPage(context, stack.api, faults), user, faults);
    }

    constructor(page, user, faults) {
        super(page, user, LIMIT_MS);
        this.#faults = faults;
    }

    signIn() {
        return this.enter(stack.api, "log-in");
    }

    // Takes the call that rings. how: answer or answer-video.
    async answer(how = "answer", connection = "direct") {
        await this.sees("#incoming");
        await this.page.selectOption("#connection", connection, this.wait);
        await this.click(how);
    }

    // How the call ended: {kind, status}.
    async outcome() {
        await this.sees("#outcome");
        return this.data("outcome");
    }

    // Media of these kinds are sent and received: at least so many packets each. Video must be seen, not only received.
    async hears(kinds, packets = 50) {
        await this.talks();
        const counts = () => Promise.all(kinds.map((kind) => this.data(`${kind}-statistics`)));
        const flows = (each, i) =>
            each.packetsReceived >= packets && each.packetsSent >= packets && (kinds[i] === "audio" || each.framesDecoded > 0);
        const seen = async () => `media of ${kinds.join(" and ")} (there is ${JSON.stringify(await counts())})`;
        await until(async () => (await counts()).every(flows), LIMIT_MS, seen);
    }

    // Throws what the page or its console complained of.
    complains() {
        if (this.#faults.length) throw new Error(this.#faults.join("\n"));
    }
}
