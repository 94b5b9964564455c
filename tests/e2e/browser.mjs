// A headless Chromium that can reach nothing but this machine, and pages that note every fault a reader could not see.
import { chromium } from "playwright-core";

const FLAGS = [
    "--no-sandbox", // the tests may run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

// Flags for pages that call each other: a microphone that beeps, a camera that shows a clock, media over loopback.
export const MEDIA = ["--use-fake-device-for-media-stream", "--allow-loopback-in-peer-connection"];

// A new browser with a profile of its own, which goes when it is closed.
export function launch(...flags) {
    return chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: [...FLAGS, ...flags] });
}

// Opens a page whose faults are added to `faults`: what the console or a script reports as an error, what the content
// policy blocks, answers that are errors, and requests to another origin than `origin`. browser: or a context of one.
export async function openPage(browser, origin, faults) {
    const page = await browser.newPage({ viewport: { width: 1280, height: 1000 } });
    await page.exposeFunction("noteViolation", (text) => faults.push(`content policy: ${text}`));
    await page.addInitScript(() => {
        document.addEventListener("securitypolicyviolation", (event) =>
            window.noteViolation(`${event.violatedDirective} blocked ${event.blockedURI}`),
        );
    });
    page.on("pageerror", (error) => faults.push(`script: ${error.message}`));
    page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) faults.push(`console: ${message.text()}`);
    });
    page.on("request", (request) => {
        const url = new URL(request.url());
        if (url.protocol !== "data:" && url.origin !== origin) faults.push(`request to ${url.origin}`);
    });
    page.on("requestfailed", (request) => faults.push(`no answer: ${request.url()}`));
    page.on("response", (response) => {
        if (response.status() >= 400) faults.push(`${response.status()}: ${response.url()}`);
    });
    return page;
}
