// sipp as a plain phone with G.711 media. It is told nothing secret on its command line.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fill, freePort, newFolder, start } from "./program.mjs";
import { stack } from "./stack.mjs";

const SECONDS = 30;
let phones = 0;

async function sipp(t, scenario, values, more = []) {
    const folder = await newFolder("sipp");
    const tone = join(folder, "tone.ul");
    await writeFile(tone, Buffer.from(Array.from({ length: 8_000 }, (_, i) => (i % 20 < 10 ? 0x90 : 0x10)))); // 400 Hz, µ-law
    const file = await fill(`sipp/${scenario}.xml`, join(folder, `${scenario}.xml`), { TONE: tone, ...values });
    const address = `127.0.2.${(phones += 1)}`;
    const [port, media] = [await freePort(address), await freePort(address)];
    const network = ["-i", address, "-p", port, "-mi", address, "-mp", media & ~1];
    const once = ["-m", 1, "-nostdin", "-timeout", `${SECONDS}s`, "-timeout_error", "-trace_err", "-trace_msg"];
    const program = start(t, "sipp", ["-sf", file, ...network, ...once, ...more].map(String), folder);
    return { ...program, address: `${address}:${port}` };
}

// Calls `callee` as `caller` and plays a tone until the other side hangs up.
export function sippCalls(t, caller, callee) {
    const values = { CALLER: caller.username, CALLEE: callee.username, PASSWORD: caller.password, DOMAIN: stack.sipDomain };
    return sipp(t, "caller", values, ["-l", 1, `127.0.0.1:${stack.sipPort}`]);
}

// Answers one call at `address` and sends back what it hears.
export const sippAnswers = (t) => sipp(t, "callee", {}, ["-rtp_echo"]);
