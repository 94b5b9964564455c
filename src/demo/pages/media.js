// Microphone and camera. Without a microphone silence is sent, without a camera nothing, and a notice says why.

const REASONS = {
    NotAllowedError: "was refused",
    NotFoundError: "was not found",
    NotReadableError: "is used by another program",
};
const NAMES = { audio: "The microphone", video: "The camera" };

async function open(kind, notices) {
    try {
        if (!navigator.mediaDevices) throw new Error("needs https or localhost");
        const stream = await navigator.mediaDevices.getUserMedia({ [kind]: true });
        return stream.getTracks();
    } catch (error) {
        const without = kind === "audio" ? "silence is sent" : "no picture is sent";
        notices.push(`${NAMES[kind]} ${REASONS[error.name] ?? `failed (${error.message})`}: ${without}.`);
        return [];
    }
}

function silence() {
    const context = new AudioContext();
    const to = context.createMediaStreamDestination();
    const source = new ConstantSourceNode(context, { offset: 0 });
    source.connect(to);
    source.start();
    return { tracks: to.stream.getTracks(), close: () => context.close() };
}

// What is sent in a call: its stream, notices for people, and close(), which lets go of the devices.
export async function capture(withVideo) {
    const notices = [];
    const audio = await open("audio", notices);
    const quiet = audio.length ? null : silence();
    const video = withVideo ? await open("video", notices) : [];
    const stream = new MediaStream([...audio, ...(quiet?.tracks ?? []), ...video]);
    const close = () => {
        for (const track of stream.getTracks()) track.stop();
        quiet?.close();
    };
    return { stream, notices, close };
}
