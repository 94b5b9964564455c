// Usage: node docs_page.mjs URL SCREENSHOT.png
//
// Opens /docs of the server at URL as a reader does, registers an account there, and opens /redoc. Prints one line of
// JSON: the routes and operations shown, and the answer shown to the registration. SCREENSHOT.png shows /docs,
// SCREENSHOT-redoc.png the other page. Fails when something that should be shown is not, and on any fault of a page.
import { randomBytes } from "node:crypto";
import { launch, openPage } from "./browser.mjs";

const REGISTER = "/api/v1/account/register";
const WAIT = { timeout: 30_000 };

// The routes on the page, as "POST /api/v1/...".
function shownRoutes(page) {
    return page.locator(".opblock-summary").evaluateAll((all) =>
        all.map((one) => {
            const method = one.querySelector(".opblock-summary-method").textContent;
            return `${method} ${one.querySelector("[data-path]").dataset.path}`;
        }),
    );
}

// Sends the request from the page and returns what the page shows of the answer.
async function registerOnPage(page) {
    const operation = page.locator(".opblock-post", { has: page.locator(`[data-path="${REGISTER}"]`) });
    await operation.locator(".opblock-summary-control").click(WAIT);
    const account = { username: `docs_${randomBytes(6).toString("hex")}`, password: randomBytes(12).toString("hex") };
    await operation.locator("textarea.body-param__text").fill(JSON.stringify(account), WAIT);
    await operation.getByRole("button", { name: "Execute" }).click(WAIT);
    const answer = operation.locator(".live-responses-table .response");
    const status = Number.parseInt(await answer.locator(".response-col_status").innerText(WAIT), 10);
    const body = JSON.parse(await answer.locator(".highlight-code code").first().innerText(WAIT));
    return { status, jid: body.jid, username: account.username };
}

async function readSwagger(browser, url, faults, screenshot) {
    const page = await openPage(browser, url, faults);
    await page.goto(`${url}/docs`);
    await page.locator(".opblock-summary").first().waitFor(WAIT);
    const routes = await shownRoutes(page);
    const registered = await registerOnPage(page);
    await page.screenshot({ path: screenshot, fullPage: true });
    return { title: await page.title(), routes, registered };
}

// ReDoc names the section of an operation "operation/" and the operation's id.
async function readRedoc(browser, url, faults, screenshot) {
    const page = await openPage(browser, url, faults);
    await page.goto(`${url}/redoc`);
    const sections = page.locator('[data-section-id^="operation/"]');
    await sections.first().waitFor(WAIT);
    const ids = await sections.evaluateAll((all) => all.map((one) => one.dataset.sectionId));
    const operations = ids.map((id) => id.slice("operation/".length));
    await page.screenshot({ path: screenshot });
    return { title: await page.title(), operations };
}

const [url, screenshot] = process.argv.slice(2);
if (!screenshot?.endsWith(".png")) {
    console.error("usage: node docs_page.mjs URL SCREENSHOT.png");
    process.exit(2);
}
const faults = [];
const browser = await launch();
try {
    const swagger = await readSwagger(browser, url, faults, screenshot);
    const redoc = await readRedoc(browser, url, faults, screenshot.replace(/\.png$/, "-redoc.png"));
    console.log(JSON.stringify({ swagger, redoc, faults }));
} finally {
    await browser.close();
}
process.exit(faults.length ? 1 : 0);
