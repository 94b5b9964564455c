// How a call ended and why a registration failed, in plain words. Causes are JsSIP's (JsSIP.C.causes).

const BY_STATUS = {
    401: ["refused", "The SIP server refused the password."],
    403: ["forbidden", "The SIP server forbids this call."],
    404: ["unknown", "There is no such user."],
    407: ["refused", "The SIP server refused the password."],
    408: ["no-answer", "There was no answer in time."],
    480: ["unreachable", "Nobody is reachable: the other side has no device online, or none that could be woken."],
    486: ["busy", "The other side is busy."],
    487: ["cancelled", "The call was cancelled."],
    488: ["media", "The other side cannot use the media that were offered."],
    503: ["server", "The SIP server has no access to its database, or is overloaded."],
    600: ["busy", "The other side is busy."],
    603: ["declined", "The other side declined the call."],
    606: ["media", "The other side cannot use the media that were offered."],
};

const BY_CAUSE = {
    "Connection Error": ["disconnected", "The connection to the SIP server was lost."],
    "Request Timeout": ["timeout", "The SIP server did not answer in time."],
    "RTP Timeout": ["no-media", "Media found no way (ICE failed)."],
    "No Answer": ["no-answer", "The call was not answered in time."],
    Expires: ["no-answer", "The call was not answered in time."],
    "No ACK": ["timeout", "The caller never confirmed the call."],
    "WebRTC Error": ["media", "The browser could not set up the media."],
    "Bad Media Description": ["media", "The browser cannot use the media that were answered."],
    "Dialog Error": ["server", "The SIP server sent an answer that fits no call."],
};

const LOCAL = {
    Terminated: ["hung-up", "You hung up."],
    Canceled: ["cancelled", "You cancelled the call."],
    Rejected: ["rejected", "You rejected the call."],
};

const REMOTE = {
    Terminated: ["hung-up", "The other side hung up."],
    Canceled: ["cancelled", "The caller hung up."],
};

// A device is told with the cancellation that another one has answered (RFC 3326).
const ELSEWHERE = ["elsewhere", "The call was answered on another device."];

function byStatus(status) {
    return BY_STATUS[status] ?? ["server", `The SIP server answered with status ${status}.`];
}

// {kind, status, text} of a call that ended; the parts of JsSIP's `ended` and `failed`. status: of the SIP answer, or 0. A call
// may fail on an answer that is no refusal.
export function callOutcome({ originator, cause, message }) {
    const status = message?.status_code ?? 0;
    const elsewhere = cause === "Canceled" && /cause\s*=\s*200/.test(message?.getHeader?.("Reason") ?? "");
    const known = elsewhere ? ELSEWHERE : (originator === "local" ? LOCAL : REMOTE)[cause];
    const unknown = ["failed", `The call failed: ${cause}.`];
    const [kind, text] = status >= 300 ? byStatus(status) : (known ?? BY_CAUSE[cause] ?? unknown);
    return { kind, status, text };
}

// Why a registration failed; the parts of JsSIP's `registrationFailed`.
export function registrationFailure({ response, cause }) {
    const status = response?.status_code ?? 0;
    if (status === 403) return "The SIP server forbids this account: is SIP_DOMAIN the same everywhere?";
    if (status === 404) return "The SIP server does not know this account.";
    return (status ? byStatus(status) : BY_CAUSE[cause])?.[1] ?? `Registration failed: ${cause}.`;
}
