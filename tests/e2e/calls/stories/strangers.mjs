// Connections of whoever has not signed in: soon closed, and nobody else goes short for them.
import assert from "node:assert/strict";
import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { Baresip } from "../baresip.mjs";
import { connections } from "../kamailio.mjs";
import { SipPhone, talk } from "../sip_phone.mjs";
import { account, stack } from "../stack.mjs";
import { Tab } from "../tab.mjs";

const CROWD = 1_500;
const STRANGER_S = 60;
const REGISTRATION_S = 3_600; // the longest

const stranger = () => connect({ host: "127.0.0.1", port: stack.sipPort, localAddress: "127.0.4.1" });

async function crowd(t) {
    const phones = [await SipPhone.open(t, await account("alice")), await SipPhone.open(t, await account("bob"))];
    for (const phone of phones) assert.equal(await phone.register(), 200);
    const sockets = [];
    t.after(() => sockets.forEach((each) => each.destroy()));
    for (let i = 0; i < CROWD; i += 1) {
        sockets.push(stranger().resume());
        await once(sockets[i], "connect");
    }
    await Baresip.open(t, await account("carol"));
    await talk(...phones);
    assert.equal(sockets.filter(({ destroyed }) => destroyed).length, 0, "turned away");
}

async function lifetimes(t, browser) {
    const [plain, tls] = [stranger(), connectTls({ host: "127.0.0.1", port: stack.sipPortTls, rejectUnauthorized: false })];
    t.after(() => [plain, tls].forEach((each) => each.destroy()));
    await Promise.all([once(plain, "connect"), once(tls, "secureConnect")]);
    await Tab.open(t, browser, await account("alice"));
    await Baresip.open(t, await account("bob"));
    const all = await connections();
    for (const { localPort } of [plain, tls]) {
        const { type, lifetime } = all.find(({ port }) => port === localPort);
        assert.ok(lifetime <= STRANGER_S, `${type}: ${lifetime} s for a stranger`);
    }
    for (const wanted of ["WSS", "TLS"]) {
        const longest = Math.max(...all.filter(({ type }) => type === wanted).map(({ lifetime }) => lifetime));
        assert.ok(longest > REGISTRATION_S, `${wanted}: ${longest} s for who has signed in`);
    }
}

export const stories = {
    "A crowd of idle connections leaves room for phones and their calls": crowd,
    "A stranger's connection is closed soon, that of a phone lasts as long as its registration": lifetimes,
};
