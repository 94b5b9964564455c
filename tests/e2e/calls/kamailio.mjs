// Kamailio's own view of itself, through its control socket.
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { stack } from "./stack.mjs";

const run = promisify(execFile);
const tell = async (...command) => (await run("kamcmd", ["-s", `unix:${stack.state}/kamailio/ctl`, ...command])).stdout;

// Sets a number in one of its tables.
export const setCount = (table, key, value) => tell("htable.seti", table, key, String(value));

// The connections it has: [{type, port: of the other side, lifetime: seconds it may be idle}].
export async function connections() {
    const said = await tell("core.tcp_list");
    const value = (text, name) => new RegExp(`^\\s*${name}: (\\S+)$`, "m").exec(text)?.[1];
    return said
        .split("}")
        .filter((each) => value(each, "id"))
        .map((each) => ({
            type: value(each, "type"),
            port: Number(value(each, "src_port")),
            lifetime: Number(value(each, "lifetime")),
        }));
}
