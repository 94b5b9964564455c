// What veil-fake-push was sent, in place of Apple: it writes a line of JSON for every push.
import { readFile } from "node:fs/promises";
import { stack } from "./stack.mjs";
import { until } from "./until.mjs";

const ARRIVAL_MS = 5_000;

async function pushes(token, kind) {
    const lines = (await readFile(stack.pushEvents, "utf8")).split("\n");
    lines.pop(); // what follows the last line break is not finished
    return lines
        .map((line) => JSON.parse(line))
        .filter((each) => each.event === "push" && each.token === token)
        .filter(({ payload }) => (payload.type === "cancel") === (kind === "cancel"));
}

// The only push of its kind ("call" or "cancel") about a call to that device: {at (ms since 1970), payload}.
export async function thePush(token, kind, { callId }) {
    const about = async () => (await pushes(token, kind)).filter((each) => each.payload.call_id === callId);
    await until(async () => (await about()).length, ARRIVAL_MS, `a ${kind} push`);
    const [{ at, payload, problems }, ...more] = await about();
    if (more.length) throw new Error(`${more.length + 1} ${kind} pushes instead of one`);
    if (problems.length) throw new Error(`the push has faults: ${problems.join(", ")}`);
    return { at: at * 1_000, payload };
}

export const countPushes = async (token, kind) => (await pushes(token, kind)).length;
