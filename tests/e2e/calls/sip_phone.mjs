// A plain SIP phone over UDP that a test leads by the hand: it says when it rings, answers and hangs up. Each has an address
// of its own on loopback, so that the proxy's limit for one address is not used up by all of them together.
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { Rtp } from "./rtp.mjs";
import { digest, listOf, parse, random, tagOf, uriOf, write } from "./sip_message.mjs";
import { stack } from "./stack.mjs";
import { until } from "./until.mjs";

const ANSWER_MS = 5_000;
let phones = 0;

export class SipPhone {
    #socket;
    #arrived = []; // messages that nobody has taken yet
    #seen = new Set(); // what would be a retransmission
    #tag = random(4);

    // t: the story, at whose end the phone is closed; address: of the phone, or nothing for a new one.
    static async open(t, user, address = `127.0.1.${(phones += 1)}`) {
        const socket = createSocket("udp4");
        socket.bind(0, address);
        await once(socket, "listening");
        const phone = new SipPhone(socket, user, await Rtp.open(address));
        t.after(() => phone.close());
        return phone;
    }

    constructor(socket, user, rtp) {
        this.#socket = socket;
        this.user = user;
        this.rtp = rtp;
        const { address, port } = socket.address();
        this.address = `${address}:${port}`;
        this.aor = `sip:${user.username}@${stack.sipDomain}`;
        this.contact = `<sip:${user.username}@${this.address}>`;
        socket.on("message", (bytes) => this.#take(parse(bytes.toString())));
    }

    close() {
        this.#socket.close();
        this.rtp.close();
    }

    #take(message) {
        if (!message.status && !message.method) return; // a keep-alive
        if (message.method === "OPTIONS") return this.reply(message, 200);
        const fields = [message.one("via"), message.one("cseq"), tagOf(message.one("to"))];
        const copy = [message.status ?? message.method, ...fields].join(" ");
        if (this.#seen.has(copy)) return;
        this.#seen.add(copy);
        this.#arrived.push({ ...message, at: Date.now() });
    }

    send(text) {
        this.#socket.send(text, stack.sipPort, "127.0.0.1");
    }

    // Takes the first message that fits; throws when none comes within `limit` milliseconds.
    async next(fits, what, limit = ANSWER_MS) {
        const seen = () => this.#arrived.map((each) => each.status ?? each.method).join(", ") || "nothing";
        const at = await until(() => this.#arrived.findIndex(fits) + 1, limit, () => `${what} (there is ${seen()})`);
        return this.#arrived.splice(at - 1, 1)[0];
    }

    // How many messages that fit wait to be taken.
    waiting(fits = () => true) {
        return this.#arrived.filter(fits).length;
    }

    // The next request of that kind.
    asked(method, limit) {
        return this.next((each) => each.method === method, method, limit);
    }

    // The next answer to a request for which `accepts(status)`.
    answered(request, accepts, limit) {
        const { callId, cseq, method } = request;
        const mine = (each) => each.one("call-id") === callId && each.one("cseq") === `${cseq} ${method}`;
        return this.next((each) => each.status && mine(each) && accepts(each.status), `an answer to ${request.method}`, limit);
    }

    final(request, limit) {
        return this.answered(request, (status) => status >= 200, limit);
    }

    // Sends a request. what: {method, uri, from, to, contact, callId, cseq, branch, more: further headers, body}; returns it with `at`,
    // the time it was sent in ms since 1970.
    request(what) {
        const usual = { from: `<${this.aor}>;tag=${this.#tag}`, to: `<${what.uri}>`, contact: this.contact };
        const sent = { ...usual, callId: random(), cseq: 1, branch: `z9hG4bK${random()}`, more: [], body: "", ...what };
        const headers = [
            ["Via", `SIP/2.0/UDP ${this.address};rport;branch=${sent.branch}`],
            ["Max-Forwards", 70],
            ["From", sent.from],
            ["To", sent.to],
            ["Call-ID", sent.callId],
            ["CSeq", `${sent.cseq} ${sent.method}`],
            ["Contact", sent.contact],
            ...sent.more,
        ];
        this.send(write(`${sent.method} ${sent.uri} SIP/2.0`, headers, sent.body));
        return { ...sent, at: Date.now() };
    }

    // Sends a request, and again with the digest of `user` when that is asked for: the request that was sent last, and its
    // final answer if it had none but a challenge.
    async authenticated(what, user = this.user) {
        const first = this.request(what);
        const refusal = await this.final(first);
        if (first.method === "INVITE") this.acknowledge(first, refusal);
        const byServer = refusal.status === 401;
        const [asks, gives] = byServer ? ["www-authenticate", "Authorization"] : ["proxy-authenticate", "Proxy-Authorization"];
        if (!refusal.one(asks)) return { sent: first, answer: refusal };
        const proof = digest(refusal.one(asks), first.method, first.uri, user);
        const { branch, at, ...again } = first;
        return { sent: this.request({ ...again, cseq: first.cseq + 1, more: [...first.more, [gives, proof]] }), answer: null };
    }

    // Registers this phone, or `contact`: the final status.
    async register({ contact = this.contact, user = this.user, expires = 300 } = {}) {
        const what = { method: "REGISTER", uri: `sip:${stack.sipDomain}`, to: `<${this.aor}>`, contact };
        const { sent, answer } = await this.authenticated({ ...what, more: [["Expires", expires]] }, user);
        return (answer ?? (await this.final(sent))).status;
    }

    // Calls a user: the INVITE that waits for its answers. more: from, to be told apart from whose password it is.
    async call(callee, more = {}) {
        const uri = `sip:${callee.username}@${stack.sipDomain}`;
        const { sent, answer } = await this.authenticated({ method: "INVITE", uri, body: this.rtp.sdp, ...more });
        if (answer) throw new Error(`the proxy answered ${answer.status} without asking for a password`);
        return sent;
    }

    // The call's final answer, acknowledged; media start when it is 200.
    async outcome(call, limit) {
        const answer = await this.final(call, limit);
        this.acknowledge(call, answer);
        if (answer.status === 200) this.rtp.start(answer.body);
        return answer;
    }

    // ACK: of a success within the dialogue, of a failure hop by hop (RFC 3261, 17.1.1.3).
    acknowledge({ branch, more, ...call }, answer) {
        if (answer.status < 300) return this.within(call, answer, "ACK", call.cseq);
        return this.request({ ...call, branch, method: "ACK", to: answer.one("to"), more: [], body: "" });
    }

    // A request within the dialogue that `answer` made of `call`. more: further headers.
    within(call, answer, method, cseq, more = []) {
        const routes = listOf(answer, "record-route").reverse().map((route) => ["Route", route]);
        const { from, callId } = call;
        return this.request({ method, uri: uriOf(answer.one("contact")), from, to: answer.one("to"), callId, cseq, more: [...routes, ...more] });
    }

    cancel(call) {
        return this.request({ ...call, method: "CANCEL", more: [], body: "" });
    }

    async hangUp(call, answer) {
        return (await this.final(this.within(call, answer, "BYE", call.cseq + 1))).status;
    }

    // Ends a call that this phone has answered with `reply`.
    async hangUpAnswered(invite) {
        const routes = listOf(invite, "record-route").map((route) => ["Route", route]);
        const to = invite.one("from");
        const from = `${invite.one("to")};tag=${this.#tag}`;
        const callId = invite.one("call-id");
        const bye = this.request({ method: "BYE", uri: uriOf(invite.one("contact")), from, to, callId, more: routes });
        return (await this.final(bye)).status;
    }

    // Answers a request that came. more: further headers.
    reply(request, status, body = "", more = []) {
        const to = request.one("to");
        const headers = ["Via", "Record-Route"].flatMap((name) => request.all(name).map((value) => [name, value]));
        headers.push(
            ["From", request.one("from")],
            ["To", tagOf(to) || status === 100 ? to : `${to};tag=${this.#tag}`],
            ["Call-ID", request.one("call-id")],
            ["CSeq", request.one("cseq")],
            ["Contact", this.contact],
            ...more,
        );
        this.send(write(`SIP/2.0 ${status} Answer`, headers, body));
    }

    // Is called: the INVITE, answered with 180.
    async rings(limit) {
        const invite = await this.asked("INVITE", limit);
        this.reply(invite, 180);
        return invite;
    }

    // Takes a call that rings; media flow then.
    async answer(invite) {
        this.reply(invite, 200, this.rtp.sdp);
        this.rtp.start(invite.body);
        await this.asked("ACK");
    }
}

// A whole call from one phone to another that is registered: it rings, is answered and ends.
export async function talk(caller, callee) {
    const call = await caller.call(callee.user);
    const [, answer] = await Promise.all([callee.rings().then((invite) => callee.answer(invite)), caller.outcome(call)]);
    const bye = caller.hangUp(call, answer);
    callee.reply(await callee.asked("BYE"), 200);
    if (answer.status !== 200 || (await bye) !== 200) throw new Error(`the call: ${answer.status}, its end: ${await bye}`);
}
