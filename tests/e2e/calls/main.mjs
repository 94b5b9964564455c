// Usage: node --test-reporter=./reporter.mjs --test-reporter-destination=stdout main.mjs [WORD]
//
// Calls through the whole stack, as users see them: one test for each story, one after the other. WORD: only those whose
// name contains it. scripts/test.sh --calls starts the stack and this.
import test from "node:test";
import { stories as browsers } from "./stories/browsers.mjs";
import { stories as capacity } from "./stories/capacity.mjs";
import { stories as native } from "./stories/native.mjs";
import { stories as refusals } from "./stories/refusals.mjs";
import { stories as strangers } from "./stories/strangers.mjs";
import { stories as unreachable } from "./stories/unreachable.mjs";
import { stories as wake } from "./stories/wake.mjs";
import { openBrowser } from "./tab.mjs";

const LIMIT = { timeout: 60_000 };
const [, , word = ""] = process.argv;

const browser = await openBrowser();
try {
    const all = { ...capacity, ...browsers, ...native, ...wake, ...unreachable, ...refusals, ...strangers };
    for (const [name, story] of Object.entries(all))
        if (name.includes(word)) await test(name, LIMIT, (t) => story(t, browser));
} finally {
    await browser.close();
}
