# shellcheck shell=bash
# coturn 4.6: STUN and TURN, with the short-lived credentials that the API hands out.

coturn_user() { echo turnserver; }
coturn_ports() { echo TURN_PORT TURN_PORT_TLS; }

coturn_addresses() {
    printf 'TURN\tudp and tcp 127.0.0.1:%s, relays %s-%s\n' "$TURN_PORT" "$TURN_RELAY_PORT_MIN" "$TURN_RELAY_PORT_MAX"
    printf 'TURN, TLS\t127.0.0.1:%s\n' "$TURN_PORT_TLS"
}

coturn_prepare() {
    local user home=$STATE/coturn
    user=$(user_of coturn)
    demand_range TURN_RELAY_PORT_MIN TURN_RELAY_PORT_MAX 2
    own "$user" "$home"
    coturn_certificates
    COTURN_HOME=$home TURN_SECRET_BEFORE=${TURN_SECRET_PREVIOUS:+static-auth-secret=$TURN_SECRET_PREVIOUS} \
        render_to "$user" "$ROOT/config/coturn/turnserver.conf.in" "$home/turnserver.conf"
}

coturn_certificates() { put_pair_for "$(user_of coturn)" "$STATE/coturn"; }

# coturn reads certificate and key again.
coturn_reload() { ! running coturn || kill -s USR2 "$PID"; }

coturn_inputs() { cat -- "$STATE/coturn/turnserver.conf"; }

coturn_start() {
    launch coturn "$(user_of coturn)" "$STATE/coturn" -- turnserver -c "$STATE/coturn/turnserver.conf"
}

# A STUN binding request (RFC 8489): type, no attributes, magic cookie, transaction id; the answer is a success with the same id.
coturn_probe() {
    local answer
    answer=$(printf '\0\1\0\0\x21\x12\xa4\x42veil probe 1' | udp_ask "$LISTEN_IP" "$TURN_PORT" | od -An -tx1 -N20 | tr -d ' \n')
    [[ $answer == 0101????2112a442"$(printf 'veil probe 1' | od -An -tx1 | tr -d ' \n')" ]]
}

coturn_provision() { :; }

coturn_stop() { stop_service coturn TERM 10; }
