// What the document forbids must not compile: typed_client.mjs expects one error for each line that ends in "wrong".
import { call } from "./call.js";

const nothing = { parameters: undefined };

export async function run(server: string): Promise<string> {
    const body = { username: "alice" };
    await call(server, "post", "/api/v1/account/login", 200, { body, ...nothing }); // a field is missing: wrong
    const known = { username: "alice", password: 5 };
    await call(server, "post", "/api/v1/account/login", 200, { body: known, ...nothing }); // a number: wrong
    await call(server, "get", "/api/v1/accounts", 200, { body: undefined, ...nothing }); // no such path: wrong
    const info = await call(server, "get", "/api/v1/server/info", 200, { body: undefined, ...nothing });
    return info.xmpp_domane; // no such field: wrong
}
