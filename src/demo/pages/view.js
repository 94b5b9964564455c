// What the page shows. Tests find everything by its id, and states in data attributes.

export const element = (id) => document.getElementById(id);

const CALL_STATES = {
    calling: (name) => `Calling ${name} ...`,
    queued: (name) => `Waking the devices of ${name} ...`,
    ringing: (name) => `It rings at ${name}.`,
    connecting: (name) => `Connecting with ${name} ...`,
    connected: (name) => `In a call with ${name}.`,
    disturbed: (name) => `In a call with ${name}, but no media arrive.`,
};

const TITLE = document.title;

function show(id, on) {
    element(id).hidden = !on;
}

// A fault or a notice; nothing takes it away.
export function message(text) {
    show("message", Boolean(text));
    element("message").textContent = text ?? "";
}

// What became of the call before is no longer shown.
export function forget() {
    show("outcome", false);
}

// jid: of who is signed in, or null.
export function account(jid) {
    show("sign-in", !jid);
    show("account", Boolean(jid));
    show("dial", Boolean(jid));
    forget();
    element("jid").textContent = jid ?? "";
    element("password").value = "";
}

// Whether somebody is just being signed in.
export function entering(on) {
    for (const id of ["log-in", "register"]) element(id).disabled = on;
}

export function sip(state, text) {
    element("sip").dataset.state = state;
    element("sip").textContent = text;
    show("retry", state === "refused");
}

// Whether calls can be made now.
export function dialling(possible) {
    for (const id of ["call-audio", "call-video"]) element(id).disabled = !possible;
}

export function incoming(call) {
    show("incoming", Boolean(call));
    document.title = call ? `${call.name} is calling` : TITLE;
    if (!call) return;
    forget();
    element("caller").textContent = call.name === call.peer ? call.peer : `${call.name} (${call.peer})`;
    element("incoming-kind").textContent = call.offersVideo ? "calls you with video." : "calls you.";
    show("answer-video", call.offersVideo);
}

export function callState(state, name) {
    show("call", true);
    forget();
    element("call").dataset.state = state;
    element("call-state").textContent = CALL_STATES[state](name);
}

function picture(id, stream) {
    const video = element(id);
    if (video.srcObject !== stream) video.srcObject = stream;
    video.hidden = !stream?.getVideoTracks().length;
}

export function localMedia(stream) {
    picture("local-media", stream);
}

export function remoteMedia(stream) {
    picture("remote-media", stream);
}

export function muted(on) {
    element("mute").setAttribute("aria-pressed", String(on));
    element("mute").textContent = on ? "Unmute" : "Mute";
}

function candidate(id, it) {
    const place = element(id);
    const { type = "", protocol = "", relayProtocol = "", address } = it ?? {};
    Object.assign(place.dataset, { type, protocol, relayProtocol });
    const relay = relayProtocol && ` through ${relayProtocol}`;
    place.textContent = it ? `${type}, ${protocol}${relay} ${address}` : "none yet";
}

function medium(id, it) {
    const row = element(id);
    row.hidden = !it;
    const { codec = "", packetsSent = 0, packetsReceived = 0, packetsLost = 0, framesDecoded = 0 } = it ?? {};
    const sentRate = Math.round(it?.sentRate ?? 0);
    const receivedRate = Math.round(it?.receivedRate ?? 0);
    Object.assign(row.dataset, { codec, sentRate, receivedRate, packetsSent, packetsReceived, framesDecoded });
    const cells = [codec, sentRate, receivedRate, packetsReceived, packetsLost];
    cells.forEach((text, index) => (row.cells[index + 1].textContent = text));
}

// summary: of statistics.js; null empties the tables.
export function statistics(summary) {
    candidate("local-candidate", summary?.local);
    candidate("remote-candidate", summary?.remote);
    medium("audio-statistics", summary?.audio);
    medium("video-statistics", summary?.video);
    element("level").value = summary?.audio?.level ?? 0;
}

// The call is over. outcome: of outcome.js.
export function outcome({ kind, status, text }) {
    show("call", false);
    delete element("call").dataset.state;
    localMedia(null);
    remoteMedia(null);
    muted(false);
    statistics(null);
    show("outcome", true);
    Object.assign(element("outcome").dataset, { kind, status });
    element("outcome").textContent = text;
}
