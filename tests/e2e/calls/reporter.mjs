// Reports the stories: a line for each, what was measured or failed in it, and the counts on the last line. A skipped story
// is a failed one: nothing was shown.
function* failure({ error }) {
    const cause = error?.cause ?? error;
    yield `${String(cause?.stack ?? cause).replace(/^/gm, "    ")}\n`;
}

export default async function* (source) {
    const count = { passed: 0, failed: 0 };
    for await (const { type, data } of source) {
        if (type === "test:diagnostic" && data.message.startsWith("measured: ")) yield `    ${data.message}\n`;
        if (data?.nesting !== 0 || !["test:pass", "test:fail"].includes(type)) continue;
        const passed = type === "test:pass" && data.skip === undefined && data.todo === undefined;
        count[passed ? "passed" : "failed"] += 1;
        yield `${passed ? "passed" : "FAILED"}  ${data.name} (${(data.details.duration_ms / 1000).toFixed(1)} s)\n`;
        if (type === "test:fail") yield* failure(data.details);
    }
    yield `${count.passed} passed, ${count.failed} failed\n`;
}
