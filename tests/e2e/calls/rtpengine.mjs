// rtpengine's own view of a call: its control protocol, bencoded dictionaries behind a cookie over UDP.
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { stack } from "./stack.mjs";

const ANSWER_MS = 2_000;

function encode(value) {
    if (typeof value === "number") return `i${value}e`;
    if (typeof value === "string") return `${Buffer.byteLength(value)}:${value}`;
    const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
    return `d${entries.map(([key, each]) => encode(key) + encode(each)).join("")}e`;
}

// Decodes one value of `text` (latin1, so that lengths are bytes) at `at`: [value, where it ends].
function decode(text, at = 0) {
    if (text[at] === "i") {
        const end = text.indexOf("e", at);
        return [Number(text.slice(at + 1, end)), end + 1];
    }
    if (text[at] === "l" || text[at] === "d") {
        const values = [];
        let next = at + 1;
        while (text[next] !== "e") {
            const [value, end] = decode(text, next);
            values.push(value);
            next = end;
        }
        return [text[at] === "l" ? values : pairs(values), next + 1];
    }
    const colon = text.indexOf(":", at);
    const end = colon + 1 + Number(text.slice(at, colon));
    return [text.slice(colon + 1, end), end];
}

function pairs(values) {
    const found = {};
    for (let i = 0; i < values.length; i += 2) found[values[i]] = values[i + 1];
    return found;
}

async function ng(command, more = {}) {
    const socket = createSocket("udp4");
    const cookie = randomBytes(6).toString("hex");
    try {
        socket.send(`${cookie} ${encode({ command, ...more })}`, stack.ngPort, "127.0.0.1");
        const [answer] = await once(socket, "message", { signal: AbortSignal.timeout(ANSWER_MS) });
        const [head, body] = [answer.toString("latin1", 0, cookie.length), answer.toString("latin1", cookie.length + 1)];
        if (head !== cookie) throw new Error("rtpengine answered something else");
        return decode(body)[0];
    } finally {
        socket.close();
    }
}

// The Call-IDs that rtpengine holds.
export const mediaCalls = async () => (await ng("list", { limit: 100 })).calls;

// The media streams of a call that receive RTP: [{kind, protocol, packets, crypto, flags}].
export async function mediaStreams(callId) {
    const { tags = {} } = await ng("query", { "call-id": callId });
    return Object.values(tags).flatMap(({ medias }) =>
        medias.flatMap(({ type, protocol, streams }) =>
            streams
                .filter(({ flags }) => flags.includes("RTP"))
                .map((each) => ({
                    kind: type,
                    protocol,
                    packets: each.stats.packets,
                    crypto: each["crypto suite"] ?? "",
                    flags: each.flags,
                })),
        ),
    );
}
