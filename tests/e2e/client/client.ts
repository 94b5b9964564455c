// A client written against the document: makes an account and a group, and reads both back.
import { call } from "./call.js";

export interface Seen {
    jid: string;
    group: { group_id: string; jid: string; name: string };
    listed: string[];
    members: string[];
}

export async function run(server: string, username: string, password: string): Promise<Seen> {
    const body = { username, password };
    const register = { body, parameters: undefined };
    const registered = await call(server, "post", "/api/v1/account/register", 201, register);
    const token: string = registered.token;
    const create = { body: { name: "Typed group", member_jids: [] }, parameters: undefined, token };
    const group = await call(server, "post", "/api/v1/groups", 201, create);
    const list = { body: undefined, parameters: undefined, token };
    const { groups } = await call(server, "get", "/api/v1/groups", 200, list);
    const members = await call(server, "get", "/api/v1/groups/{group_id}/members", 200, {
        body: undefined,
        parameters: { group_id: group.group_id },
        token,
    });
    return {
        jid: registered.jid,
        group,
        listed: groups.map((each) => each.group_id),
        members: members.members.map((each) => `${each.jid} ${each.affiliation}`),
    };
}
