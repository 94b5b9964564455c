// What a call's RTCPeerConnection reports (https://www.w3.org/TR/webrtc-stats/), boiled down to what an operator asks:
// which way media travel, with which codec, and how much of it.

// Firefox knows no transport report and marks the pair itself.
function selectedPair(all, byId) {
    const transport = all.find((each) => each.type === "transport" && each.selectedCandidatePairId);
    if (transport) return byId.get(transport.selectedCandidatePairId);
    return all.find((each) => each.type === "candidate-pair" && each.nominated && each.state === "succeeded");
}

function candidate(report) {
    if (!report) return null;
    const { candidateType: type, protocol, relayProtocol, address, port } = report;
    return { type, protocol, relayProtocol: relayProtocol ?? "", address: address ? `${address}:${port}` : "" };
}

// kbit/s since the last look at this stream.
function rate(report, bytes, earlier) {
    const before = earlier?.get(report.id);
    if (!before || report.timestamp <= before.timestamp) return 0;
    return ((report[bytes] - before[bytes]) * 8) / (report.timestamp - before.timestamp);
}

function medium(kind, all, byId, earlier) {
    const of = (type) => all.find((each) => each.type === type && each.kind === kind);
    const received = of("inbound-rtp");
    const sent = of("outbound-rtp");
    if (!received && !sent) return null;
    return {
        codec: byId.get((received ?? sent).codecId)?.mimeType?.split("/")[1] ?? "",
        sentRate: sent ? rate(sent, "bytesSent", earlier) : 0,
        receivedRate: received ? rate(received, "bytesReceived", earlier) : 0,
        packetsSent: sent?.packetsSent ?? 0,
        packetsReceived: received?.packetsReceived ?? 0,
        packetsLost: received?.packetsLost ?? 0,
        framesDecoded: received?.framesDecoded ?? 0,
        level: received?.audioLevel ?? 0,
    };
}

// report: an RTCStatsReport; earlier: the one before, for the rates, or null.
export function summarize(report, earlier) {
    const all = [...report.values()];
    const pair = selectedPair(all, report);
    return {
        local: candidate(report.get(pair?.localCandidateId)),
        remote: candidate(report.get(pair?.remoteCandidateId)),
        audio: medium("audio", all, report, earlier),
        video: medium("video", all, report, earlier),
    };
}
