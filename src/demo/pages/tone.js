// A ringing tone, two short notes every three seconds, as long as start() is not followed by stop().

const PERIOD_MS = 3_000;

export class Tone {
    #context = null;
    #timer = null;

    start() {
        if (this.#context) return;
        this.#context = new AudioContext();
        this.#ring();
        this.#timer = setInterval(() => this.#ring(), PERIOD_MS);
    }

    stop() {
        clearInterval(this.#timer);
        this.#context?.close();
        this.#context = null;
    }

    #ring() {
        const begin = this.#context.currentTime;
        this.#note(660, begin);
        this.#note(550, begin + 0.4);
    }

    #note(frequency, at) {
        const volume = new GainNode(this.#context, { gain: 0 });
        const note = new OscillatorNode(this.#context, { frequency });
        volume.gain.setTargetAtTime(0.15, at, 0.02);
        volume.gain.setTargetAtTime(0, at + 0.3, 0.05);
        note.connect(volume).connect(this.#context.destination);
        note.start(at);
        note.stop(at + 0.6);
    }
}
