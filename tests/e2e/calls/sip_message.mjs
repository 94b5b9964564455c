// SIP messages as far as a test phone needs them (RFC 3261), and digest authentication (RFC 2617).
import { createHash, randomBytes } from "node:crypto";

const md5 = (text) => createHash("md5").update(text).digest("hex");

export const random = (bytes = 6) => randomBytes(bytes).toString("hex");

// {status} or {method, target}, all(header) and one(header), body, text.
export function parse(text) {
    const [head, ...rest] = text.split("\r\n\r\n");
    const [first, ...lines] = head.split("\r\n");
    const fields = lines.map((line) => {
        const colon = line.indexOf(":");
        return [line.slice(0, colon).trim().toLowerCase(), line.slice(colon + 1).trim()];
    });
    const all = (name) => fields.filter(([key]) => key === name.toLowerCase()).map(([, value]) => value);
    const [word, second] = first.split(" ");
    const start = word === "SIP/2.0" ? { status: Number(second) } : { method: word, target: second };
    return { ...start, all, one: (name) => all(name)[0] ?? "", body: rest.join("\r\n\r\n"), text };
}

// first: the first line; headers: [[name, value], ...].
export function write(first, headers, body = "") {
    const type = body ? [["Content-Type", "application/sdp"]] : [];
    const all = [...headers, ...type, ["Content-Length", Buffer.byteLength(body)]];
    return `${first}\r\n${all.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body}`;
}

// The answer to a challenge: the value of Authorization or Proxy-Authorization.
export function digest(challenge, method, uri, { username, password }) {
    const said = (name) => new RegExp(`\\b${name}="([^"]*)"`).exec(challenge)?.[1] ?? "";
    const [realm, nonce, cnonce, count] = [said("realm"), said("nonce"), random(4), "00000001"];
    const ha1 = md5(`${username}:${realm}:${password}`);
    const response = md5([ha1, nonce, count, cnonce, "auth", md5(`${method}:${uri}`)].join(":"));
    const quoted = Object.entries({ username, realm, nonce, uri, response, cnonce }).map(([name, value]) => `${name}="${value}"`);
    return `Digest ${quoted.join(", ")}, algorithm=MD5, qop=auth, nc=${count}`;
}

export const tagOf = (value) => /;tag=([^;\s]+)/.exec(value)?.[1] ?? "";

export const uriOf = (value) => /<([^>]+)>/.exec(value)?.[1] ?? value;

// The values of a header that may stand in several lines or in one.
export const listOf = (message, name) => message.all(name).flatMap((value) => value.split(/,\s*(?=<)/));
