#!/usr/bin/env bash
# Usage: run.sh SERVICE
# What a container of Veil runs: fills the service's template from the environment, prepares what it needs, and becomes it.

root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
for part in common env ports render state process probe; do
    # shellcheck source=/dev/null
    source "$root/scripts/lib/$part.sh"
done
# shellcheck source=/dev/null
source "$root/docker/container.sh"

[[ ${1:-} == --help ]] && { show_help "$0"; exit 0; }
(($# == 1)) || die "one service is needed"

# The database is provisioned on 127.0.0.1 before anybody else can reach it, and with a socket that the health check does not
# ask: healthy is only the PostgreSQL that stays. The lock is on for as long as a process of PostgreSQL lives, so that what a
# killed one left behind can be removed.
start_db() {
    local first
    exec 8>"$STATE/db/lock"
    flock -n 8 || die "another container uses this volume"
    db_prepare
    rm -f -- "$STATE/db/data/postmaster.pid" "$STATE"/db/socket/.s.PGSQL.*
    DB_SOCKET=$STATE/run
    (db_start --listen-addresses=127.0.0.1 --unix-socket-directories="$DB_SOCKET") &
    first=$!
    trap 'kill -s INT "$first"; wait "$first"; exit' INT TERM
    until db_probe; do
        kill -s 0 "$first" 2>/dev/null || die "PostgreSQL ended before it was ready"
        sleep 0.1
    done
    db_provision
    kill -s INT "$first"
    wait "$first"
    trap - INT TERM
    db_start
}

# It makes the certificates for all while there are none.
start_ejabberd() {
    (
        export VEIL_CERTS XMPP_DOMAIN XMPP_HOST SIP_DOMAIN TURN_DOMAIN HTTP_UPLOAD_DOMAIN SERVER_IP
        exec "$root/scripts/setup-certs.sh"
    )
    ejabberd_prepare
    ejabberd_start
}

load_container "$1"
if declare -F "start_$1" >/dev/null; then
    "start_$1"
else
    "$1_prepare"
    "$1_start"
fi
