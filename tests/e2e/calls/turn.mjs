// A TURN client as far as tests need one: asks for a relay and for a peer to send to (RFC 8656), over UDP.
import { createHash, createHmac, randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { on } from "node:events";
import { stack } from "./stack.mjs";

const ANSWER_MS = 10_000;
const FIRST_PAUSE_MS = 500;
const MAGIC_COOKIE = 0x2112a442;
const ALLOCATE = 0x003;
const REFRESH = 0x004;
const CREATE_PERMISSION = 0x008;
const ERROR = 0x110; // of the answer's type
const ATTRIBUTE = {
    user: 0x06,
    integrity: 0x08,
    error: 0x09,
    lifetime: 0x0d,
    peer: 0x12,
    realm: 0x14,
    nonce: 0x15,
    transport: 0x19,
};
const OVER_UDP = Buffer.from([17, 0, 0, 0]);
const HEADER = 20;

function attribute(type, value) {
    const bytes = Buffer.alloc(4 + Math.ceil(value.length / 4) * 4);
    bytes.writeUInt16BE(type, 0);
    bytes.writeUInt16BE(value.length, 2);
    Buffer.from(value).copy(bytes, 4);
    return bytes;
}

function header(type, length) {
    const bytes = Buffer.alloc(HEADER);
    bytes.writeUInt16BE(type, 0);
    bytes.writeUInt16BE(length, 2);
    bytes.writeUInt32BE(MAGIC_COOKIE, 4);
    randomBytes(12).copy(bytes, 8);
    return bytes;
}

const transaction = (bytes) => bytes.subarray(8, HEADER);

// {type, attributes: by type}
function parse(bytes) {
    const attributes = new Map();
    for (let at = HEADER; at < bytes.length; ) {
        const length = bytes.readUInt16BE(at + 2);
        attributes.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, at + 4 + length));
        at += 4 + Math.ceil(length / 4) * 4;
    }
    return { type: bytes.readUInt16BE(0), attributes };
}

// An IPv4 address, hidden from middleboxes (RFC 8489, 14.2).
function xorAddress(address) {
    const bytes = Buffer.from([0, 1, 0, 9, ...address.split(".").map(Number)]);
    bytes.writeUInt16BE(bytes.readUInt16BE(2) ^ (MAGIC_COOKIE >>> 16), 2);
    bytes.writeUInt32BE((bytes.readUInt32BE(4) ^ MAGIC_COOKIE) >>> 0, 4);
    return bytes;
}

class Client {
    #socket = createSocket("udp4");
    #proof = [];
    #key = null;

    async ask(type, ...given) {
        const body = Buffer.concat([...given, ...this.#proof]);
        let request = Buffer.concat([header(type, body.length), body]);
        if (this.#key) {
            request.writeUInt16BE(body.length + 24, 2); // with the integrity that follows
            const sum = createHmac("sha1", this.#key).update(request).digest();
            request = Buffer.concat([request, attribute(ATTRIBUTE.integrity, sum)]);
        }
        return this.#answer(request);
    }

    // A datagram may be lost: the request is sent until it is answered, after twice the pause each time (RFC 8489, 6.2.1).
    async #answer(request) {
        let pause = FIRST_PAUSE_MS;
        let again = null;
        const send = () => {
            this.#socket.send(request, stack.turnPort, "127.0.0.1");
            again = setTimeout(send, pause);
            pause *= 2;
        };
        const answers = on(this.#socket, "message", { signal: AbortSignal.timeout(ANSWER_MS) });
        send();
        try {
            for await (const [answer] of answers) if (transaction(answer).equals(transaction(request))) return parse(answer);
        } finally {
            clearTimeout(again);
        }
    }

    // Signs from now on, with the realm and the nonce of a refusal.
    prove({ username, password }, { attributes }) {
        const [realm, nonce] = [attributes.get(ATTRIBUTE.realm), attributes.get(ATTRIBUTE.nonce)];
        this.#proof = [attribute(ATTRIBUTE.user, username), attribute(ATTRIBUTE.realm, realm), attribute(ATTRIBUTE.nonce, nonce)];
        this.#key = createHash("md5").update(`${username}:${realm}:${password}`).digest();
    }

    close() {
        this.#socket.close();
    }
}

// 0 for a success, else the error's number.
function code({ type, attributes }) {
    if ((type & ERROR) !== ERROR) return 0;
    const value = attributes.get(ATTRIBUTE.error);
    return value[2] * 100 + value[3];
}

// Asks for a relay with these credentials, and then to send to each of the peers. {relay, peers: [...]}: 0 for what was
// granted, else the number of the error (401, 403, ...). The relay is given back.
export async function askRelay(credentials, peers = []) {
    const client = new Client();
    const wanted = attribute(ATTRIBUTE.transport, OVER_UDP);
    try {
        client.prove(credentials, await client.ask(ALLOCATE, wanted));
        const relay = code(await client.ask(ALLOCATE, wanted));
        const granted = [];
        for (const peer of relay ? [] : peers)
            granted.push(code(await client.ask(CREATE_PERMISSION, attribute(ATTRIBUTE.peer, xorAddress(peer)))));
        if (!relay) await client.ask(REFRESH, attribute(ATTRIBUTE.lifetime, Buffer.alloc(4)));
        return { relay, peers: granted };
    } finally {
        client.close();
    }
}
