// Usage: node typed_client.mjs URL
//
// Makes TypeScript types of the document that the server at URL serves, compiles client/client.ts against them, sees to
// it that client/wrong.ts does not compile, and runs the client. Prints one line of JSON: what the client saw.
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import openapiTypes, { astToString } from "openapi-typescript";

const TSC = createRequire(import.meta.url).resolve("typescript/bin/tsc");
const SOURCES = fileURLToPath(new URL("client", import.meta.url));

// Compiles the files; returns what is wrong, as "file:line" and as the compiler says it.
function compile(folder, files, ...options) {
    fs.writeFileSync(path.join(folder, "chosen.json"), JSON.stringify({ extends: "./tsconfig.json", files }));
    const done = spawnSync(process.execPath, [TSC, "-p", "chosen.json", "--pretty", "false", ...options], {
        cwd: folder,
        encoding: "utf8",
    });
    const errors = [...done.stdout.matchAll(/^(\S+)\((\d+),\d+\): error TS/gm)].map((m) => `${m[1]}:${m[2]}`);
    if (done.status !== 0 && !errors.length) throw new Error(`tsc: ${done.stdout}${done.stderr}`);
    return { errors, text: done.stdout };
}

function expectedErrors(file) {
    const lines = fs.readFileSync(path.join(SOURCES, file), "utf8").split("\n");
    return lines.flatMap((line, index) => (/\/\/.*: wrong$/.test(line) ? [`${file}:${index + 1}`] : []));
}

async function main(server, folder) {
    const document = await (await fetch(`${server}/openapi.json`)).json();
    fs.cpSync(SOURCES, folder, { recursive: true });
    fs.writeFileSync(path.join(folder, "schema.ts"), astToString(await openapiTypes(document)));
    fs.writeFileSync(path.join(folder, "package.json"), '{"type":"module"}');

    const wrong = compile(folder, ["wrong.ts"], "--noEmit");
    const expected = expectedErrors("wrong.ts");
    if (!expected.length || wrong.errors.join() !== expected.join())
        throw new Error(`the compiler should refuse ${expected.join(" ")}, and said:\n${wrong.text}`);
    const right = compile(folder, ["client.ts"], "--noEmit");
    if (right.errors.length) throw new Error(right.text);
    compile(folder, ["client.ts"]);

    const { run } = await import(pathToFileURL(path.join(folder, "made", "client.js")).href);
    const username = `typed_${randomBytes(6).toString("hex")}`;
    const seen = await run(server, username, randomBytes(12).toString("hex"));
    console.log(JSON.stringify({ username, refused: wrong.errors, ...seen }));
}

const [server] = process.argv.slice(2);
if (!server) {
    console.error("usage: node typed_client.mjs URL");
    process.exit(2);
}
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "veil-client."));
try {
    await main(server, folder);
} finally {
    fs.rmSync(folder, { recursive: true });
}
