# shellcheck shell=bash
# What is different in a container, on top of the native stack's own scripts: the addresses, one process that is not kept by a
# keeper, and what the image already holds.

# address_number A.B.C.D
address_number() {
    local parts
    IFS=. read -ra parts <<<"$1"
    echo $(((parts[0] << 24) + (parts[1] << 16) + (parts[2] << 8) + parts[3]))
}

# in_network ADDRESS NETWORK/BITS
in_network() {
    local shift=$((32 - ${2#*/}))
    (($(address_number "$1") >> shift == $(address_number "${2%/*}") >> shift))
}

# Sets INTERNAL_IP and LISTEN_IP to this container's addresses in the internal network and outside of it, unless the
# environment says otherwise.
find_addresses() {
    local address inside='' outside='' all
    [[ $INTERNAL_NET =~ ^([0-9]{1,3}\.){3}[0-9]{1,3}/([0-9]|[12][0-9]|3[0-2])$ ]] || die "INTERNAL_NET is not a network: $INTERNAL_NET"
    read -ra all <<<"$(hostname -I)"
    for address in "${all[@]}"; do
        if [[ $address == *:* ]]; then
            continue
        elif in_network "$address" "$INTERNAL_NET"; then
            inside=${inside:-$address}
        else
            outside=${outside:-$address}
        fi
    done
    INTERNAL_IP=${INTERNAL_IP:-$inside} LISTEN_IP=${LISTEN_IP:-$outside}
}

# container_addresses SERVICE: how services find each other; each reads only what concerns it.
container_addresses() {
    find_addresses
    [[ $INTERNAL_IP || $1 == coturn ]] ||
        die "this container has no address in INTERNAL_NET, $INTERNAL_NET" "networks are made anew after: docker compose --profile '*' down"
    # shellcheck disable=SC2034 # read by the services
    PUBLIC_IP=$SERVER_IP DB_CLIENTS=samenet EJABBERD_API_NAME=ejabberd-admin RTPENGINE_HOST=rtpengine-control \
        API_FOR_KAMAILIO=api-internal RTPENGINE_METRICS="listen-http = $INTERNAL_IP:2225" \
        TURN_RTPENGINE=${RTPENGINE_IP:+external-ip=$SERVER_IP/$RTPENGINE_IP} TURN_LOOPBACK_PEERS='' UPLOADS=$STATE/uploads \
        API_PROGRAM=/usr/local/bin/veil-api AUDIT_FILE=stderr
    # The database is in the internal network alone, and listens on loopback too.
    [[ $1 != db ]] || INTERNAL_IP='*'
}

# In place of the keeper's: the container is the keeper, and this process becomes the service.
launch() {
    local folder=$3 variables=()
    shift 3
    while [[ $1 != -- ]]; do
        variables+=("$1")
        shift
    done
    shift
    cd -- "$folder" || die "cannot enter $folder"
    export_only "HOME=$folder" "${variables[@]}"
    exec "$@"
}

# load_container SERVICE: everything that scripts/up.sh knows when it has read its configuration.
load_container() {
    load_env
    STATE=/var/lib/veil
    [[ -d $STATE/run ]] || mkdir -p "$STATE"/{log,run}
    # shellcheck source=/dev/null
    source "$ROOT/scripts/services/$1.sh"
    container_addresses "$1"
}

user_of() { id -un; }
show_log() { cat -- "$STATE/log/$1.log" >&2; }
