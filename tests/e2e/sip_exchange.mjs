// A SIP server for the tabs of one test, in place of the WebSocket server that /demo names: it registers users by digest
// (RFC 2617) and hands requests and answers from one tab to the other as they are. Media go directly between the tabs.
// A call to answers_NNN is answered with that status.
import { createHash, randomBytes } from "node:crypto";

const REALM = "example.com";
const NONCE = randomBytes(8).toString("hex");
const md5 = (text) => createHash("md5").update(text).digest("hex");

function parse(text) {
    const [head, ...lines] = text.split("\r\n\r\n")[0].split("\r\n");
    const headers = lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    });
    const all = (name) => headers.filter(([key]) => key === name).map(([, value]) => value);
    return { method: head.split(" ")[0], target: head.split(" ")[1], all, one: (name) => all(name)[0] ?? "" };
}

function answer(request, status, extra = []) {
    const tag = status > 100 ? `;tag=${randomBytes(4).toString("hex")}` : "";
    const to = request.one("to").includes(";tag=") ? request.one("to") : request.one("to") + tag;
    const copied = ["Via", "From", "Call-ID", "CSeq"].flatMap((name) =>
        request.all(name.toLowerCase()).map((value) => `${name}: ${value}`),
    );
    return [`SIP/2.0 ${status} Answer`, ...copied, `To: ${to}`, ...extra, "Content-Length: 0", "", ""].join("\r\n");
}

export class SipExchange {
    #passwords = new Map(); // by user
    #tabs = new Map(); // user: socket
    #peers = new Map(); // Call-ID: the two sockets of a call

    allow(user, password) {
        this.#passwords.set(user, password);
    }

    // Serves the page's WebSocket connections to `url`.
    async serve(page, url) {
        await page.routeWebSocket((each) => each.origin === new URL(url).origin, (socket) => {
            socket.onMessage((text) => text.trim() && this.#receive(socket, String(text)));
        });
    }

    #receive(socket, text) {
        const message = parse(text);
        if (message.method === "REGISTER") return this.#register(socket, message);
        if (message.method === "INVITE" && !message.one("to").includes(";tag=")) {
            if (!this.#invite(socket, message)) return;
        }
        const pair = this.#peers.get(message.one("call-id"));
        pair?.find((each) => each !== socket)?.send(text);
    }

    // Whether the call has somebody to go to.
    #invite(socket, request) {
        const callee = /^sip:([^@]+)@/.exec(request.target)[1];
        const status = /^answers_(\d{3})$/.exec(callee)?.[1];
        const tab = this.#tabs.get(callee);
        if (status || !tab) {
            socket.send(answer(request, Number(status ?? 404)));
            return false;
        }
        socket.send(answer(request, 100));
        this.#peers.set(request.one("call-id"), [socket, tab]);
        return true;
    }

    #register(socket, request) {
        const user = /sip:([^@]+)@/.exec(request.one("to"))[1];
        if (!this.#proves(user, request.one("authorization"))) {
            const challenge = `WWW-Authenticate: Digest realm="${REALM}", nonce="${NONCE}", qop="auth"`;
            socket.send(answer(request, 401, [challenge]));
            return;
        }
        this.#tabs.set(user, socket);
        socket.send(answer(request, 200, [`Contact: ${request.one("contact")}`]));
    }

    #proves(user, authorization) {
        const pairs = [...authorization.matchAll(/(\w+)="?([^",]+)"?/g)].map(([, key, value]) => [key, value]);
        const said = Object.fromEntries(pairs);
        if (said.username !== user || said.nonce !== NONCE) return false;
        const secret = md5(`${user}:${REALM}:${this.#passwords.get(user)}`);
        const asked = md5(`REGISTER:${said.uri}`);
        return said.response === md5([secret, NONCE, said.nc, said.cnonce, said.qop, asked].join(":"));
    }
}
