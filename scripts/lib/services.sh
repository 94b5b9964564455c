# shellcheck shell=bash
# Which services there are, and how they come up. services/<name>.sh describes one of them by functions:
#   <name>_user       account it runs as when started by root
#   <name>_ports      variables that hold the ports it listens on
#   <name>_prepare    writes everything it reads into the state directory
#   <name>_inputs     prints what it was started with; when that changes it is restarted
#   <name>_certificates  writes its own copies of the certificates into the state directory; optional, as is
#   <name>_reload     makes the running one read them, without a restart
#   <name>_start      launches it
#   <name>_clear      removes what a killed one left behind; optional
#   <name>_probe      one try: does it serve?
#   <name>_provision  what must be done inside it, every time; repeatable
#   <name>_stop       stops it cleanly
#   <name>_addresses  lines "what<tab>where" for the final table

# The order they start in; those of one stage need nothing of each other to start and come up at the same time.
STAGES=("db rtpengine coturn" "ejabberd api" "kamailio")
read -ra SERVICES <<<"${STAGES[*]}"

# Where services listen for clients, the address that clients reach, where they listen for each other, who may come in there,
# and where they find each other: this machine alone. Containers have their own (docker/container.sh).
# shellcheck disable=SC2034 # read by the services
LISTEN_IP=127.0.0.1 PUBLIC_IP=127.0.0.1 INTERNAL_IP=127.0.0.1 INTERNAL_NET=127.0.0.0/8 DB_CLIENTS=127.0.0.1/32 \
    EJABBERD_API_NAME=localhost RTPENGINE_HOST=127.0.0.1 API_FOR_KAMAILIO='' RTPENGINE_METRICS='' TURN_RTPENGINE='' UPLOADS='' \
    TURN_LOOPBACK_PEERS=allow-loopback-peers # rtpengine and the browsers are on loopback, which no other stack relays to

# choose_services [NAME...]: sets CHOSEN, in starting order; no name means all.
choose_services() {
    local name
    CHOSEN=()
    for name in "$@"; do
        in_list "$name" "${SERVICES[@]}" || die "no service is called $name" "there are: ${SERVICES[*]}"
    done
    for name in "${SERVICES[@]}"; do
        (($# == 0)) || in_list "$name" "$@" || continue
        # shellcheck source=/dev/null
        source "$ROOT/scripts/services/$name.sh"
        CHOSEN+=("$name")
    done
}

# user_of SERVICE: who it runs as.
user_of() {
    if is_root; then "$1_user"; else id -un; fi
}

show_log() {
    echo "--- last lines of $STATE/log/$1.log" >&2
    tail -n 20 -- "$STATE/log/$1.log" >&2 || true
}

# wait_ready SERVICE SECONDS
wait_ready() {
    local deadline=$(($(now_ms) + $2 * 1000))
    until "$1_probe"; do
        if ! running "$1"; then
            show_log "$1"
            "$1_stop" >/dev/null
            die "$1 ended before it was ready"
        fi
        if (($(now_ms) >= deadline)); then
            show_log "$1"
            die "$1 was not ready within $2 s (it is still running: scripts/down.sh $1)"
        fi
        sleep 0.1
    done
}

# renew_certificates SERVICE: the running one reads its copies if they are not those it has.
renew_certificates() {
    local now
    now=$(certificates_of "$1")
    [[ $now != "$(cat -- "$STATE/run/$1.certificates" 2>/dev/null)" ]] || return 0
    "$1_reload" || die "$1 did not read its new certificates; restart it: scripts/down.sh $1; scripts/up.sh $1"
    echo "$now" >"$STATE/run/$1.certificates"
    echo "==> $1: reads its new certificates, without a restart"
}

bring_up() {
    local service=$1 started inputs done_as=ready
    started=$(now_ms)
    "${service}_prepare"
    inputs=$("${service}_inputs" | sha256sum)
    if ! running "$service" || ! kept "$service"; then
        "${service}_stop" >/dev/null
    elif [[ $inputs != "$(cat -- "$STATE/run/$service.inputs" 2>/dev/null)" ]]; then
        echo "==> $service: its configuration changed, restarting it"
        "${service}_stop"
    else
        done_as="kept running"
        ! declare -F "${service}_reload" >/dev/null || renew_certificates "$service"
    fi
    if ! running "$service"; then
        # shellcheck disable=SC2046 # names of variables
        demand_ports $("${service}_ports")
        echo "$inputs" >"$STATE/run/$service.inputs"
        certificates_of "$service" >"$STATE/run/$service.certificates"
        "${service}_start"
    fi
    wait_ready "$service" 60
    "${service}_provision"
    say_since "$started" "$service: $done_as"
}

# Brings all of CHOSEN up, stage by stage. An interrupt reaches the jobs only through us.
bring_all_up() {
    local stage service job jobs=() failed=0
    trap 'kill "${jobs[@]}" 2>/dev/null; exit 130' INT TERM
    for stage in "${STAGES[@]}"; do
        jobs=()
        for service in $stage; do
            in_list "$service" "${CHOSEN[@]}" || continue
            bring_up "$service" &
            jobs+=($!)
        done
        for job in "${jobs[@]}"; do wait "$job" || failed=1; done
        ((!failed)) || exit 1
    done
    trap - INT TERM
}
