// One call: JsSIP's session and its RTCPeerConnection, from the first ring to what is told when it is over.
import { callOutcome } from "./outcome.js";
import { summarize } from "./statistics.js";

const STATISTICS_MS = 1_000;
const MORE_CANDIDATES_MS = 2_000; // after the first one
const NO_CANDIDATE_MS = 10_000;
const BUSY = 486;
const DECLINE = 603;

// What the other side's provisional answers mean (RFC 3261, section 21.1).
const PROGRESS = { 180: "ringing", 182: "queued", 183: "ringing" };

export class Call {
    #session;
    #tell;
    #media = null;
    #outcome = null;
    #hasCandidate = false;
    #gathering = null;
    #watching = null;
    #iceError = "";

    // session: an RTCSession of JsSIP that has not ended; offer: the SDP that came with it, or nothing for an own call.
    // tell: {state(text), remote(MediaStream), statistics(summary), end(outcome)}, each called for the rest of the call.
    constructor(session, tell, offer) {
        this.#session = session;
        this.#tell = tell;
        this.peer = session.remote_identity.uri.user;
        this.name = session.remote_identity.display_name || this.peer;
        this.offersVideo = /^m=video [1-9]/m.test(offer ?? "");
        session.on("progress", ({ response }) => this.#progress(response));
        session.on("accepted", () => this.#accepted());
        session.on("icecandidate", ({ ready }) => this.#candidate(ready));
        session.on("sdp", ({ originator, sdp }) => originator === "local" && this.#gathered(sdp));
        session.on("ended", (end) => this.#end(end));
        session.on("failed", (end) => this.#end(end));
    }

    // An own call's media: what capture() gave. The session has its connection already.
    begin(media) {
        this.#media = media;
        this.#observe(this.#session.connection);
        this.#tell.state("calling");
    }

    // Takes an incoming call. configuration: of the RTCPeerConnection.
    answer(media, configuration) {
        this.#media = media;
        this.#session.once("peerconnection", ({ peerconnection }) => this.#observe(peerconnection));
        this.#tell.state("connecting");
        this.#session.answer({ mediaStream: media.stream, pcConfig: configuration });
    }

    get ended() {
        return this.#session.isEnded();
    }

    busy() {
        this.#session.terminate({ status_code: BUSY });
    }

    reject() {
        this.#session.terminate({ status_code: DECLINE });
    }

    hangUp() {
        this.#session.terminate();
    }

    mute(on) {
        if (on) this.#session.mute({ audio: true });
        else this.#session.unmute({ audio: true });
    }

    #progress(response) {
        const state = PROGRESS[response?.status_code];
        if (state) this.#tell.state(state);
    }

    // Media may be there before the answer is.
    #accepted() {
        this.#tell.state(this.#session.connection.connectionState === "connected" ? "connected" : "connecting");
    }

    #observe(connection) {
        const remote = new MediaStream();
        connection.addEventListener("track", ({ track }) => {
            remote.addTrack(track);
            this.#tell.remote(remote);
        });
        connection.addEventListener("connectionstatechange", () => {
            if (!this.#session.isEstablished()) return;
            const state = { connected: "connected", disconnected: "disturbed" }[connection.connectionState];
            if (state) this.#tell.state(state);
        });
        connection.addEventListener("icecandidateerror", ({ url, errorCode, errorText }) => {
            this.#iceError = `${url}: ${errorCode} ${errorText}`;
        });
        this.#gathering = setTimeout(() => this.#giveUp(), NO_CANDIDATE_MS);
        this.#watch(connection);
    }

    #watch(connection) {
        let earlier = null;
        this.#watching = setInterval(async () => {
            const report = await connection.getStats();
            if (this.#watching === null) return;
            this.#tell.statistics(summarize(report, earlier));
            earlier = report;
        }, STATISTICS_MS);
    }

    // A network interface without a way out would hold up the call for as long as its relay does not answer.
    #candidate(ready) {
        if (this.#hasCandidate) return;
        this.#hasCandidate = true;
        clearTimeout(this.#gathering);
        this.#gathering = setTimeout(ready, MORE_CANDIDATES_MS);
    }

    #gathered(sdp) {
        clearTimeout(this.#gathering);
        if (!sdp.includes("a=candidate:")) this.#giveUp();
    }

    #giveUp() {
        const why = this.#iceError ? ` (${this.#iceError})` : "";
        this.#outcome = { kind: "no-relay", status: 0, text: `The connection gave no address to send media from${why}.` };
        if (!this.ended) this.hangUp();
    }

    #end(end) {
        clearTimeout(this.#gathering);
        clearInterval(this.#watching);
        this.#watching = null;
        this.#media?.close();
        this.#tell.end(this.#outcome ?? callOutcome(end));
    }
}
