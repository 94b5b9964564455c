// The media of a plain phone: sends a G.711 packet every 20 ms (RFC 3550, RFC 3551) and counts what comes.
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import { once } from "node:events";

const PACKET_MS = 20;
const SAMPLES = 160; // 20 ms at 8 kHz
const HEADER = 12;

export class Rtp {
    #socket;
    #timer = null;
    #packet = Buffer.alloc(HEADER + SAMPLES, 0xff); // µ-law silence
    received = 0;

    static async open(address) {
        const socket = createSocket("udp4");
        socket.bind(0, address);
        await once(socket, "listening");
        return new Rtp(socket);
    }

    constructor(socket) {
        this.#socket = socket;
        this.#packet[0] = 0x80; // version 2
        this.#packet[1] = 0; // PCMU
        randomBytes(4).copy(this.#packet, 8); // SSRC
        socket.on("message", (packet) => {
            if (packet.length > HEADER && packet[1] < 192) this.received += 1; // 192 and above: RTCP on the same port
        });
    }

    // What the phone offers and answers.
    get sdp() {
        const { address, port } = this.#socket.address();
        return ["v=0", `o=- 1 1 IN IP4 ${address}`, "s=-", `c=IN IP4 ${address}`, "t=0 0",
            `m=audio ${port} RTP/AVP 0`, "a=rtpmap:0 PCMU/8000", ""].join("\r\n");
    }

    // Sends to where the other side's SDP wants its audio.
    start(sdp) {
        const address = /^c=IN IP4 (\S+)/m.exec(sdp)[1];
        const port = Number(/^m=audio (\d+) RTP\/AVP/m.exec(sdp)[1]);
        let sequence = 0;
        this.#timer = setInterval(() => {
            this.#packet.writeUInt16BE(sequence & 0xffff, 2);
            this.#packet.writeUInt32BE(sequence * SAMPLES, 4);
            sequence += 1;
            this.#socket.send(this.#packet, port, address);
        }, PACKET_MS);
    }

    stop() {
        clearInterval(this.#timer);
    }

    close() {
        this.stop();
        this.#socket.close();
    }
}
