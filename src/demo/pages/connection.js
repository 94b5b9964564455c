// How media may travel: directly, or through the relay (TURN) over one transport only.

const RELAYS = {
    "relay-udp": { scheme: "turn", transport: "udp", name: "UDP" },
    "relay-tcp": { scheme: "turn", transport: "tcp", name: "TCP" },
    "relay-tls": { scheme: "turns", transport: "tcp", name: "TLS" },
};

// A TURN URI without a transport means UDP, or TCP below TLS (RFC 7065, section 3.1).
function fits(uri, { scheme, transport }) {
    const [, its, query] = /^(turns?):[^?]+(?:\?(.*))?$/.exec(uri) ?? [];
    const given = new URLSearchParams(query).get("transport") ?? (its === "turns" ? "tcp" : "udp");
    return its === scheme && given === transport;
}

// What an RTCPeerConnection is told. choice: "direct" or a key of RELAYS; credentials: the answer of
// /turn/credentials, unused for "direct". Throws an Error for people when the API names no such relay.
export function configuration(choice, credentials) {
    if (choice === "direct") return { iceServers: [], iceTransportPolicy: "all" };
    const relay = RELAYS[choice];
    const urls = credentials.uris.filter((uri) => fits(uri, relay));
    if (!urls.length) throw new Error(`The API names no relay over ${relay.name} (TURN_URIS).`);
    const { username, password } = credentials;
    return { iceServers: [{ urls, username, credential: password }], iceTransportPolicy: "relay" };
}
