// The registration of one user with the SIP server, over a WebSocket (RFC 7118), and the calls that come and go through
// it. The password is only ever in the memory of this page.
import JsSIP from "./jssip.js";
import { Call } from "./call.js";
import { registrationFailure } from "./outcome.js";

const REGISTRATION_SECONDS = 300;
const RETRY_SECONDS = { min: 2, max: 15 };

export class Phone {
    #agent;
    #domain;
    #url;
    #tell;
    #wasConnected = false;

    // user: {username, password, displayName}; server: the answer of /demo/settings.
    // tell: {state(name, text), incoming(session, offer)}. States: connecting, registered, refused, not-connected.
    constructor(user, server, tell) {
        this.#domain = server.sip_domain;
        this.#url = server.sip_ws_url;
        this.#tell = tell;
        this.#agent = new JsSIP.UA({
            sockets: [new JsSIP.WebSocketInterface(this.#url)],
            uri: `sip:${user.username}@${this.#domain}`,
            password: user.password,
            display_name: user.displayName,
            register_expires: REGISTRATION_SECONDS,
            session_timers: false,
            connection_recovery_min_interval: RETRY_SECONDS.min,
            connection_recovery_max_interval: RETRY_SECONDS.max,
        });
        this.#listen();
    }

    start() {
        this.#tell.state("connecting", `Connecting to ${this.#url} ...`);
        this.#agent.start();
    }

    stop() {
        this.#agent.removeAllListeners();
        this.#agent.stop();
    }

    // Tries a refused registration once more.
    retry() {
        this.#tell.state("connecting", "Registering ...");
        this.#agent.register();
    }

    // Calls a user of the SIP domain. tell: as Call wants it. Throws when the name can be no user's.
    call(callee, media, configuration, withVideo, tell) {
        const session = this.#agent.call(`sip:${encodeURIComponent(callee)}@${this.#domain}`, {
            mediaStream: media.stream,
            pcConfig: configuration,
            rtcOfferConstraints: { offerToReceiveAudio: true, offerToReceiveVideo: withVideo },
        });
        return new Call(session, tell);
    }

    #listen() {
        const agent = this.#agent;
        agent.on("connected", () => {
            this.#wasConnected = true;
            this.#tell.state("connecting", "Registering ...");
        });
        agent.on("disconnected", () => this.#tell.state("not-connected", this.#lost()));
        agent.on("registered", () => this.#tell.state("registered", "Registered: you can call and be called."));
        agent.on("registrationFailed", (failure) => this.#tell.state("refused", registrationFailure(failure)));
        agent.on("unregistered", () => {
            if (agent.isConnected()) this.#tell.state("refused", "The SIP server ended the registration.");
        });
        agent.on("newRTCSession", ({ originator, session, request }) => {
            if (originator === "remote") this.#tell.incoming(session, request.body);
        });
    }

    // A browser does not tell a page why a WebSocket failed.
    #lost() {
        if (this.#wasConnected) return `Not connected to SIP: ${this.#url} went away; trying again.`;
        return (
            `Not connected to SIP: ${this.#url} cannot be reached. Either Kamailio does not run there, or this browser ` +
            "does not trust its certificate. Trying again."
        );
    }
}
