# shellcheck shell=bash
# The part of scripts/test.sh that makes calls: a stack of all six services on free ports, veil-fake-push in place of Apple,
# and browsers and phones that call each other (tests/e2e/calls).

FAKE= # "pid start" of veil-fake-push

# Free ports for the services that own_stack leaves out, in PORTS: eight single ones, then 60 in a row for media, the first
# of which is even as every RTP port, and 100 for relays. None of them is one of own_stack's.
calls_ports() {
    local name taken=()
    for name in DB_PORT XMPP_PORT_{STARTTLS,TLS,WS,UPLOAD} EJABBERD_API_PORT; do taken+=("${!name}"); done
    until mapfile -t PORTS < <(free_ports 168) && ((PORTS[167] - PORTS[8] == 159 && PORTS[8] % 2 == 0)) &&
        [[ ! $(printf '%s\n' "${PORTS[@]}" "${taken[@]}" | sort | uniq -d) ]]; do :; done
}

# Exports the rest of a complete configuration: what own_stack leaves to calls.
calls_stack() {
    own_stack
    calls_ports
    export API_PORT=${PORTS[0]} ADMIN_PORT=${PORTS[1]} SIP_PORT=${PORTS[2]} SIP_PORT_TLS=${PORTS[3]} SIP_PORT_WSS=${PORTS[4]} \
        RTPENGINE_NG_PORT=${PORTS[5]} TURN_PORT=${PORTS[6]} TURN_PORT_TLS=${PORTS[7]} RTP_PORT_MIN=${PORTS[8]} \
        RTP_PORT_MAX=${PORTS[67]} TURN_RELAY_PORT_MIN=${PORTS[68]} TURN_RELAY_PORT_MAX=${PORTS[167]}
    export SIP_WS_URL=wss://127.0.0.1:$SIP_PORT_WSS
    export TURN_URIS="turn:127.0.0.1:$TURN_PORT?transport=udp,turn:127.0.0.1:$TURN_PORT?transport=tcp"
    TURN_URIS+=",turns:127.0.0.1:$TURN_PORT_TLS?transport=tcp"
    TURN_SECRET_PREVIOUS=$(openssl rand -hex 32)
    export TURN_SECRET_PREVIOUS
    export DEMO_PAGES=true SIP_ALLOW_PLAIN_RTP=true RING_TIME=12
    export VEIL_SCRIPTS=$ROOT/scripts VEIL_CALLS_FOLDER=$FOLDER/calls VEIL_FAKE_PUSH_EVENTS=$FOLDER/calls/pushes
}

# Starts the fake and exports the variables that point the server at it. It takes new provider tokens at any time: a first
# one may have to be followed by the next within minutes, and what comes of that is no affair of calls.
fake_up() {
    local line pid deadline=$(($(now_ms) + 30000))
    mkdir -p "$VEIL_CALLS_FOLDER"
    "$ROOT/build/release/bin/veil-fake-push" --folder "$VEIL_CALLS_FOLDER/fake" --out "$VEIL_FAKE_PUSH_EVENTS" \
        --token-update-seconds 0 &
    pid=$!
    process_facts "$pid"
    FAKE="$pid $P_START"
    until [[ $(grep -c '"listening"' "$VEIL_FAKE_PUSH_EVENTS" 2>/dev/null) == 3 ]]; do
        # shellcheck disable=SC2086 # two words on purpose
        alive $FAKE && (($(now_ms) < deadline)) || return 1
        sleep 0.05
    done
    while IFS= read -r line; do
        [[ ! $line =~ ^[A-Z][A-Z0-9_]*= ]] || export "${line?}"
    done <"$VEIL_CALLS_FOLDER/fake/veil.env"
}

fake_down() {
    [[ $FAKE ]] || return 0
    # shellcheck disable=SC2086 # two words on purpose
    ! alive $FAKE || kill -s TERM "${FAKE% *}"
    end_all 10 "$FAKE"
    FAKE=
}

calls_down() { stack_down && fake_down; }

# Every story is one line on the terminal; all that was said about it is in the log.
run_calls() {
    local line
    "$ROOT/scripts/lib/install-e2e.sh"
    (cd -- "$ROOT/tests/e2e/calls" && node --test-reporter=./reporter.mjs --test-reporter-destination=stdout main.mjs "$@") 2>&1 |
        while IFS= read -r line; do
            printf '%s\n' "$line"
            [[ ! $line =~ ^(passed|FAILED|\ +measured:)\  ]] || printf '    %s\n' "$line" >&4
        done
}

calls_report() { last_counts "$FOLDER/calls.log"; }

calls() {
    calls_stack
    check "build, release" build_release
    ((!OK)) || check "push providers up" fake_up
    ((!OK)) || check "whole stack up" "$ROOT/scripts/up.sh"
    ((!OK)) || suite "calls" calls_report run_calls
    # This machine may have containers of the project veil, which are not meant.
    ((!OK)) || check "services read renewed certificates" \
        env "COMPOSE_PROJECT_NAME=$(basename -- "$FOLDER" | tr A-Z. a-z-)" "$ROOT/scripts/setup-certs.sh" --renewed
    check "whole stack down" calls_down
}
