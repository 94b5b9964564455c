// A program that plays a phone: started with a folder of its own, ended with the story.
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { stack } from "./stack.mjs";

const PRIVATE = { mode: 0o600 };

export const newFolder = (name) => mkdtemp(join(stack.folder, `${name}-`));

// Writes the template beside these modules into a folder, with its names between at-signs filled in.
export async function fill(template, file, values) {
    const text = await readFile(new URL(template, import.meta.url), "utf8");
    const filled = text.replace(/@([A-Z_]+)@/g, (_, name) => {
        if (values[name] === undefined) throw new Error(`${template}: ${name} has no value`);
        return values[name];
    });
    await writeFile(file, filled, PRIVATE);
    return file;
}

// A UDP port that is free on that address now.
export async function freePort(address) {
    const socket = createSocket("udp4");
    socket.bind(0, address);
    await once(socket, "listening");
    const { port } = socket.address();
    socket.close();
    return port;
}

// Starts a program that is ended by its pid when the story is over. {ended: promise of its exit status, said(): its output}
export function start(t, command, args, folder) {
    const child = spawn(command, args, { cwd: folder, stdio: ["ignore", "pipe", "pipe"] });
    let said = "";
    for (const output of [child.stdout, child.stderr]) output.on("data", (text) => (said += text));
    const ended = new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
    t.after(async () => {
        if (child.exitCode === null) child.kill("SIGKILL");
        await ended;
    });
    return { ended, said: () => said };
}
