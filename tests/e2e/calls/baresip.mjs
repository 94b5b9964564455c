// baresip as a native phone over TLS, led through its control port: netstrings of JSON.
import { once } from "node:events";
import { connect } from "node:net";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fill, freePort, newFolder, start } from "./program.mjs";
import { stack } from "./stack.mjs";
import { until } from "./until.mjs";

const LIMIT_MS = 10_000;
let phones = 0;

async function connected(host, port) {
    const socket = connect(port, host);
    return once(socket, "connect").then(() => socket, () => null);
}

export class Baresip {
    #socket;
    #rest = Buffer.alloc(0);
    #messages = [];

    // A phone of `user` that is registered. encryption: dtls_srtp or srtp-mand (SDES) is what it offers and wants, else plain RTP.
    static async open(t, user, { encryption } = {}) {
        const folder = await newFolder("baresip");
        const host = `127.0.3.${(phones += 1)}`; // where no connection of anybody else can have its port
        const port = await freePort(host);
        await fill("baresip/config", join(folder, "config"), { CA: stack.ca, CONTROL: `${host}:${port}` });
        const { username, password } = user;
        const values = { USER: username, PASSWORD: password, DOMAIN: stack.sipDomain, PORT: stack.sipPortTls };
        const ENCRYPTION = encryption ? `;mediaenc=${encryption}` : "";
        await fill("baresip/accounts", join(folder, "accounts"), { ...values, ENCRYPTION });
        await writeFile(join(folder, "contacts"), "");
        const program = start(t, "baresip", ["-f", folder, "-4"], folder);
        const socket = await until(() => connected(host, port), LIMIT_MS, () => `baresip's control port: ${program.said()}`);
        const phone = new Baresip(socket);
        t.after(() => socket.destroy());
        const registered = () => program.said().includes("200 OK () [1 binding]");
        await until(registered, LIMIT_MS, () => `baresip registered: ${program.said()}`);
        return phone;
    }

    constructor(socket) {
        this.#socket = socket;
        socket.on("data", (bytes) => this.#read(bytes));
        socket.on("error", () => {}); // the phone ended before it had read everything; who waits for its word is told in time
    }

    #read(bytes) {
        this.#rest = Buffer.concat([this.#rest, bytes]);
        for (;;) {
            const colon = this.#rest.indexOf(":");
            const end = colon + 1 + Number(this.#rest.toString("latin1", 0, colon));
            if (colon < 0 || this.#rest.length <= end) return;
            this.#messages.push(JSON.parse(this.#rest.toString("utf8", colon + 1, end)));
            this.#rest = this.#rest.subarray(end + 1); // behind the comma
        }
    }

    // Gives a command; what it printed.
    async tell(command, params = "") {
        const token = String(this.#messages.length);
        const text = JSON.stringify({ command, params, token });
        this.#socket.write(`${Buffer.byteLength(text)}:${text},`);
        const answer = await until(() => this.#messages.find((each) => each.response && each.token === token), LIMIT_MS, command);
        if (!answer.ok) throw new Error(`baresip: ${command}: ${answer.data}`);
        return answer.data;
    }

    event(type) {
        return until(() => this.#messages.find((each) => each.event && each.type === type), LIMIT_MS, `baresip's ${type}`);
    }
}
