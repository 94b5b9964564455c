// Usage: node demo_page.mjs URL SIP_WS_URL SCREENSHOT.png
//
// Opens /demo of the server at URL where nobody listens at SIP_WS_URL: registers a user, is refused a wrong password, and
// asks while the API is out of reach. Prints one line of JSON: what the page shows. Fails on any fault of the page beside
// the connections that fail on purpose.
import { randomBytes } from "node:crypto";
import { launch, openPage } from "./browser.mjs";

const WAIT = { timeout: 30_000 };
const PHONE_WIDTH = 360;

const text = (page, id) => page.locator(`#${id}`).innerText(WAIT);

async function enter(page, button, username, password) {
    await page.fill("#username", username, WAIT);
    await page.fill("#password", password, WAIT);
    await page.click(`#${button}`, WAIT);
}

// What a script that got into the page could find of a secret in the address, the storages and the form.
function leftBehind(page) {
    return page.evaluate(() => [
        location.href,
        JSON.stringify({ ...localStorage, ...sessionStorage }),
        document.cookie,
        document.documentElement.outerHTML,
        document.getElementById("password").value,
    ].join("\n"));
}

async function register(page, screenshot) {
    const account = { username: `Demo_${randomBytes(6).toString("hex")}`, password: randomBytes(12).toString("hex") };
    await enter(page, "register", account.username, account.password);
    await page.locator('#sip[data-state="not-connected"]').waitFor(WAIT);
    await page.setViewportSize({ width: PHONE_WIDTH, height: 740 });
    const seen = {
        username: account.username,
        jid: await text(page, "jid"),
        sip: await text(page, "sip"),
        can_call: await page.locator("#call-audio").isEnabled(),
        kept: (await leftBehind(page)).includes(account.password),
        width: await page.evaluate(() => document.documentElement.scrollWidth),
    };
    await page.screenshot({ path: screenshot, fullPage: true });
    await page.reload();
    await page.locator("#sign-in").waitFor(WAIT);
    return seen;
}

// What the page says to attempts to sign in that fail.
async function refusals(page, known) {
    const tell = async (button, password) => {
        await enter(page, button, known, password);
        await page.locator("#message").waitFor(WAIT);
        return text(page, "message");
    };
    const wrongPassword = await tell("log-in", "not the password");
    const taken = await tell("register", "not the password");
    await page.context().setOffline(true);
    return { wrong_password: wrongPassword, taken, no_api: await tell("log-in", "not the password") };
}

async function main(browser, [url, sipUrl, screenshot]) {
    const open = async (faults) => {
        const page = await openPage(browser, url, faults);
        await page.goto(`${url}/demo`);
        return page;
    };
    const faults = [];
    const page = await open(faults);
    const registered = await register(page, screenshot);
    const failing = [];
    const refused = await refusals(await open(failing), registered.username);
    const meant = faults.filter((fault) => fault.startsWith(`console: WebSocket connection to '${sipUrl}`));
    const left = faults.filter((fault) => !meant.includes(fault));
    left.push(...failing.filter((fault) => /^(content policy|script|request)/.test(fault)));
    return { title: await page.title(), registered, refused, tried_sip: meant.length > 0, faults: left };
}

const given = process.argv.slice(2);
if (!given[2]?.endsWith(".png")) {
    console.error("usage: node demo_page.mjs URL SIP_WS_URL SCREENSHOT.png");
    process.exit(2);
}
const browser = await launch();
try {
    const seen = await main(browser, given);
    console.log(JSON.stringify(seen));
    process.exitCode = seen.faults.length ? 1 : 0;
} finally {
    await browser.close();
}
