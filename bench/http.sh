#!/usr/bin/env bash
# Usage: bench/http.sh [--seconds N] [--rounds N] [--peers-only]
#
# Measures the release build of veil-api beside nginx (one worker, the very same bytes) and an ordinary FastAPI service, for
# GET /api/v1/server/info and GET /api/v1/turn/credentials. Every server has core 0 for itself, wrk has core 1; rounds are
# interleaved and the median counts. Prints one table, then PASS or FAIL for each limit; exits 1 when one is missed.
# Database, ejabberd, secrets and certificates are its own, in a temporary folder; all traffic stays on loopback.
#   --seconds N    length of a round (5)
#   --rounds N     rounds for each server and route (3)
#   --peers-only   only nginx and FastAPI, without veil-api and its stack; no limit is checked

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env ports state process keeper services test; do
    # shellcheck source=/dev/null
    source "$here/../scripts/lib/$part.sh"
done
for part in scripts/services/api bench/lib/session bench/lib/targets bench/lib/measure; do
    # shellcheck source=/dev/null
    source "$ROOT/$part.sh"
done

# shellcheck disable=SC2034 # read by bench/lib
SERVER_CORE=0 CLIENT_CORE=1 ROUTES=(server/info turn/credentials)
PACKAGES=(nginx-light wrk python3-fastapi python3-uvicorn python3-uvloop python3-httptools python3-jwt curl)
STARTS=3

seconds=5 rounds=3 targets=(api nginx fastapi)
while (($#)); do
    case $1 in
        --help) show_help "$0"; exit 0 ;;
        --seconds | --rounds)
            [[ ${2:-} =~ ^[1-9][0-9]?$ ]] || die "$1 takes a number from 1 to 99"
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        --peers-only) targets=(nginx fastapi) ;;
        *) die "unknown option: $1" ;;
    esac
    shift
done

# veil-api on a migrated database, started several times; the last one stays. Its memory is read before any request but
# those for readiness. Then one user is registered.
bring_up_api() {
    local round answer
    "$ROOT/scripts/up.sh" db ejabberd >"$STATE/log/up.log" 2>&1 || { show_log up; die "the private stack did not start"; }
    api_prepare
    api_migrate
    for ((round = 1; round <= STARTS; round++)); do
        ((round == 1)) || api_stop >/dev/null
        printf 'fact\tstart to ready\t%s\n' "$(time_start)" >>"$STATE/results"
    done
    printf 'fact\tidle RSS\t%s\n' "$(rss_mb "$(worker_of api)")" >>"$STATE/results"
    answer=$(printf '{"username":"bench","password":"%s"}' "$(openssl rand -hex 16)" |
        ask "$API_PORT" account/register -H 'Content-Type: application/json' --data-binary @-) ||
        die "the user could not be registered: $answer"
    TOKEN=$(/usr/bin/python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])' <<<"$answer")
}

! in_list api "${targets[@]}" || need_release veil-api
need_cores "$SERVER_CORE" "$CLIENT_CORE"
open_folder
# shellcheck disable=SC2034 # read by leave
BENCH_SERVICES=(fastapi nginx api)
mkdir "$STATE/wrk"
! is_root || chmod 0711 "$STATE/wrk"
install -m 644 "$ROOT/bench/wrk.lua" "$STATE/wrk/wrk.lua"

install_missing "${PACKAGES[@]}"
own_stack
mapfile -t ports < <(free_ports 4)
# shellcheck disable=SC2034 # read through their names
API_HOST=127.0.0.1 LOG_LEVEL=warn API_PORT=${ports[0]} ADMIN_PORT=${ports[1]} NGINX_PORT=${ports[2]} FASTAPI_PORT=${ports[3]}
declare -A port_of=([api]=$API_PORT [nginx]=$NGINX_PORT [fastapi]=$FASTAPI_PORT)

if in_list api "${targets[@]}"; then
    echo "==> starting veil-api with a private database and ejabberd"
    bring_up_api
    reference=api
else
    # shellcheck disable=SC2034 # read by bench/lib
    TOKEN=$(as "$(id -un)" "${PEER_VARIABLES[@]}" -- /usr/bin/python3 -B "$ROOT/bench/fastapi_peer.py" token)
    reference=fastapi
fi
start_fastapi
await_answer fastapi "$FASTAPI_PORT" /api/v1/server/info
keep_bodies "${port_of[$reference]}"
start_nginx
await_answer nginx "$NGINX_PORT" /api/v1/server/info
for target in "${targets[@]}"; do same_answers "$target" "${port_of[$target]}"; done

echo "==> warming up, then $rounds rounds of $seconds s for each of ${#targets[@]} servers and ${#ROUTES[@]} routes"
for route in "${ROUTES[@]}"; do
    for target in "${targets[@]}"; do load "${port_of[$target]}" "$route" 1 >/dev/null; done
done
for ((round = 1; round <= rounds; round++)); do
    for route in "${ROUTES[@]}"; do
        for target in "${targets[@]}"; do measure "$target" "${port_of[$target]}" "$route" "$seconds" >>"$STATE/results"; done
    done
done

# shellcheck disable=SC2034 # read by leave
JUDGED=1
/usr/bin/python3 "$ROOT/bench/report.py" <"$STATE/results"
