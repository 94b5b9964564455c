// Waiting for a condition with a bound, the only kind of waiting in these tests.
import { setTimeout as pause } from "node:timers/promises";

const POLL_MS = 10;

// The first truthy value of condition(), which may be a promise; throws after `limit` milliseconds. what: a text, or a
// function that describes what was seen instead.
export async function until(condition, limit, what) {
    const end = performance.now() + limit;
    for (;;) {
        const value = await condition();
        if (value) return value;
        if (performance.now() > end)
            throw new Error(`${typeof what === "function" ? await what() : what}: not within ${limit / 1000} s`);
        await pause(POLL_MS);
    }
}
