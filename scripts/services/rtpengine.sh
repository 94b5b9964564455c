# shellcheck shell=bash
# rtpengine 10.5, forwarding in user space: neither root nor a kernel module.

rtpengine_user() { echo rtpengine; }
rtpengine_ports() { echo RTPENGINE_NG_PORT; }
rtpengine_addresses() { printf 'media\tudp 127.0.0.1:%s-%s\n' "$RTP_PORT_MIN" "$RTP_PORT_MAX"; }

rtpengine_prepare() {
    local user home=$STATE/rtpengine
    user=$(user_of rtpengine)
    demand_range RTP_PORT_MIN RTP_PORT_MAX 8
    own "$user" "$home"
    RTPENGINE_ADDRESS=$INTERNAL_IP:$RTPENGINE_NG_PORT \
        render_to "$user" "$ROOT/config/rtpengine/rtpengine.conf.in" "$home/rtpengine.conf"
}

rtpengine_inputs() { cat -- "$STATE/rtpengine/rtpengine.conf"; }

rtpengine_start() {
    launch rtpengine "$(user_of rtpengine)" "$STATE/rtpengine" -- \
        rtpengine --config-file="$STATE/rtpengine/rtpengine.conf"
}

# The control protocol's ping: bencoded, behind a cookie.
rtpengine_probe() {
    local cookie=$RANDOM$RANDOM
    [[ $(printf '%s d7:command4:pinge' "$cookie" | udp_ask "$INTERNAL_IP" "$RTPENGINE_NG_PORT") == "$cookie d6:result4:ponge" ]]
}

rtpengine_provision() { :; }

rtpengine_stop() { stop_service rtpengine TERM 10; }
