// The page as a whole: who is signed in, his phone, and at most one call. Nothing is kept anywhere else.
import { Call } from "./call.js";
import { configuration } from "./connection.js";
import { capture } from "./media.js";
import { Phone } from "./phone.js";
import * as rest from "./rest.js";
import { Tone } from "./tone.js";
import * as view from "./view.js";

const UNAUTHORIZED = 401;

const { element } = view;
const tone = new Tone();

let server = null; // the answer of /demo/settings
let user = null; // {jid, token}
let phone = null;
let registered = false;
let call = null; // also one that rings
let preparing = false; // microphone and relay for a call that is about to be

// Runs an action of the user; what it throws is shown.
async function attempt(action) {
    view.message(null);
    try {
        await action();
    } catch (error) {
        view.message(error.message);
    }
}

function refresh() {
    view.dialling(registered && !call && !preparing);
}

async function enter(how) {
    const [username, password] = [element("username").value, element("password").value];
    view.entering(true);
    try {
        server ??= await rest.settings();
        user = await how(username, password);
    } finally {
        view.entering(false);
    }
    view.account(user.jid);
    connect(user.jid.split("@")[0], password);
}

function connect(username, password) {
    const displayName = element("display-name").value.trim() || username;
    phone = new Phone({ username, password, displayName }, server, {
        state(state, text) {
            registered = state === "registered";
            view.sip(state, text);
            refresh();
        },
        incoming: ring,
    });
    phone.start();
    refresh();
}

async function leave() {
    const { token } = user;
    phone.stop();
    [user, phone, registered] = [null, null, false];
    view.account(null);
    view.message(null);
    await rest.logOut(token);
}

// A new call, made with what it is to tell. Its end is shown if it is the page's call then.
function follow(make) {
    const its = make({
        state: (state) => view.callState(state, its.name),
        remote: view.remoteMedia,
        statistics: view.statistics,
        end(outcome) {
            if (call !== its) return;
            tone.stop();
            call = null;
            view.incoming(null);
            view.outcome(outcome);
            refresh();
        },
    });
    return its;
}

function ring(session, offer) {
    const its = follow((tell) => new Call(session, tell, offer));
    if (call || preparing) {
        its.busy();
        return;
    }
    call = its;
    view.incoming(its);
    if (element("tone").checked) tone.start();
    refresh();
}

async function route() {
    const choice = element("connection").value;
    if (choice === "direct") return configuration(choice);
    try {
        return configuration(choice, await rest.turnCredentials(user.token));
    } catch (error) {
        if (error.status === UNAUTHORIZED) throw new Error(`${error.message}: sign in again.`);
        throw error;
    }
}

// Opens the way and the devices for a call, and gives both to `use`, unless nobody wants them any more.
async function prepare(withVideo, wanted, use) {
    preparing = true;
    refresh();
    view.forget();
    try {
        const way = await route();
        const media = await capture(withVideo);
        if (!wanted()) return media.close();
        if (media.notices.length) view.message(media.notices.join(" "));
        view.localMedia(media.stream);
        use(media, way);
    } finally {
        preparing = false;
        refresh();
    }
}

function callee() {
    const [name, domain] = element("callee").value.trim().toLowerCase().split("@");
    if (!name) throw new Error("Say whom to call.");
    if (domain !== undefined && ![server.sip_domain, server.xmpp_domain].includes(domain))
        throw new Error(`Only users of ${server.sip_domain} can be called.`);
    return name;
}

async function dial(withVideo) {
    const name = callee();
    const from = phone;
    await prepare(
        withVideo,
        () => phone === from && registered,
        (media, way) => {
            try {
                call = follow((tell) => phone.call(name, media, way, withVideo, tell));
            } catch {
                media.close();
                throw new Error(`${name} cannot be called.`);
            }
            call.begin(media);
        },
    );
}

async function answer(withVideo) {
    const its = call;
    tone.stop();
    view.incoming(null);
    try {
        await prepare(
            withVideo,
            () => call === its,
            (media, way) => its.answer(media, way),
        );
    } catch (error) {
        if (!its.ended) its.hangUp();
        throw error;
    }
}

function mute() {
    const on = element("mute").getAttribute("aria-pressed") !== "true";
    call.mute(on);
    view.muted(on);
}

function onSubmit(id, action) {
    element(id).addEventListener("submit", (event) => {
        event.preventDefault();
        attempt(() => action(event.submitter?.id));
    });
}

function onClick(id, action) {
    element(id).addEventListener("click", () => attempt(action));
}

onSubmit("sign-in", (button) => enter(button === "register" ? rest.register : rest.logIn));
onSubmit("dial", (button) => dial(button === "call-video"));
onClick("retry", () => phone.retry());
onClick("log-out", leave);
onClick("answer", () => answer(false));
onClick("answer-video", () => answer(true));
onClick("reject", () => call.reject());
onClick("mute", mute);
onClick("hang-up", () => call.hangUp());
window.addEventListener("pagehide", () => phone?.stop());

view.account(null);
view.statistics(null);
refresh();
