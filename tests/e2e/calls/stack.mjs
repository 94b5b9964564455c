// The stack under test as scripts/lib/test-e2e.sh describes it in the environment, and its REST API: accounts, devices and
// relay credentials are only ever made through it.
import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { promisify } from "node:util";

const text = (name) => {
    const value = process.env[name];
    if (!value) throw new Error(`${name} is not set: scripts/test.sh --calls starts these tests with a stack`);
    return value;
};
const number = (name) => Number(text(name));

export const stack = {
    api: `http://127.0.0.1:${number("API_PORT")}`,
    sipDomain: text("SIP_DOMAIN"),
    sipPort: number("SIP_PORT"),
    sipPortTls: number("SIP_PORT_TLS"),
    turnPort: number("TURN_PORT"),
    turnSecret: text("TURN_SECRET"), // for credentials that the API would not give
    turnSecretBefore: text("TURN_SECRET_PREVIOUS"),
    ngPort: number("RTPENGINE_NG_PORT"),
    rtpPorts: number("RTP_PORT_MAX") - number("RTP_PORT_MIN") + 1,
    ringSeconds: number("RING_TIME"),
    pushEvents: text("VEIL_FAKE_PUSH_EVENTS"),
    folder: text("VEIL_CALLS_FOLDER"), // for what programs need and write
    scripts: text("VEIL_SCRIPTS"),
    state: text("VEIL_STATE"),
    ca: `${text("VEIL_CERTS")}/ca.pem`,
};

// Runs a script of the stack's, with this configuration beside its own; throws what it said when it fails.
export const script = (name, service, configuration = {}) =>
    promisify(execFile)(`${stack.scripts}/${name}`, [service], { env: { ...process.env, ...configuration } });

// {status, body} of any answer.
export async function ask(method, path, { body, token } = {}) {
    const answer = await fetch(`${stack.api}${path}`, {
        method,
        headers: { ...(body && { "Content-Type": "application/json" }), ...(token && { Authorization: `Bearer ${token}` }) },
        body: body && JSON.stringify(body),
        signal: AbortSignal.timeout(15_000),
    });
    return { status: answer.status, body: await answer.json() };
}

async function demand(status, method, path, what) {
    const answer = await ask(method, path, what);
    if (answer.status !== status) throw new Error(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body)}`);
    return answer.body;
}

// A new account: {username, password, jid, token}.
export async function account(name) {
    const username = `${name}_${randomBytes(5).toString("hex")}`;
    const password = randomBytes(12).toString("hex");
    const { jid, token } = await demand(201, "POST", "/api/v1/account/register", { body: { username, password } });
    return { username, password, jid, token };
}

// An iPhone of the user that every push reaches; returns its push token.
export async function device({ jid, token }) {
    const pushToken = `ok-${randomBytes(16).toString("hex")}`;
    const its = { device_id: randomBytes(8).toString("hex"), platform: "ios", push_token: pushToken, app_id: "com.example.veil" };
    await demand(200, "POST", "/api/v1/push/register", { body: { jid, ...its }, token });
    return pushToken;
}

export const turnCredentials = ({ token }) => demand(200, "GET", "/api/v1/turn/credentials", { token });

export const deleteAccount = ({ jid, password, token }) =>
    demand(200, "DELETE", "/api/v1/account", { body: { jid, password }, token });
