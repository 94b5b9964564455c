// The REST API as the page uses it. What goes wrong is thrown as a RestError whose message is meant for people.

const PATIENCE_MS = 15_000;

export class RestError extends Error {
    // status: of the answer, 0 when there was none.
    constructor(status, message) {
        super(message);
        this.status = status;
    }
}

// One sentence for what an error answer says: its detail, or the fields that it refuses.
export function describe(status, body) {
    const detail = body?.detail;
    if (Array.isArray(detail)) return detail.map((each) => `${each.loc.at(-1)}: ${each.msg}`).join("; ");
    return typeof detail === "string" ? detail : `The API answered with status ${status}.`;
}

async function send(method, path, { body, token } = {}) {
    const headers = {};
    if (body) headers["Content-Type"] = "application/json";
    if (token) headers.Authorization = `Bearer ${token}`;
    const signal = AbortSignal.timeout(PATIENCE_MS);
    let answer;
    let content;
    try {
        answer = await fetch(path, { method, headers, body: body && JSON.stringify(body), cache: "no-store", signal });
        content = await answer.json();
    } catch {
        if (!answer) throw new RestError(0, "The API cannot be reached. Is veil-api running?");
        throw new RestError(answer.status, "Something else than the API answered; look at the proxy in front of it.");
    }
    if (!answer.ok) throw new RestError(answer.status, describe(answer.status, content));
    return content;
}

const account = (action, username, password) =>
    send("POST", `api/v1/account/${action}`, { body: { username, password } });

export const settings = () => send("GET", "demo/settings");
export const register = (username, password) => account("register", username, password);
export const logIn = (username, password) => account("login", username, password);
export const logOut = (token) => send("POST", "api/v1/account/logout", { token });
export const turnCredentials = (token) => send("GET", "api/v1/turn/credentials", { token });
