#!/usr/bin/env bash
# Usage: bench/overload.sh [--rounds N] [--seconds N] [--factor N]
#
# Shows what becomes of veil-api when it is asked for more than it can do: finds the peak of a route (the most that is
# answered a second when every client waits for its answer), then asks for twice as much in an open loop, where nobody
# waits, and compares what is answered in time. Three routes: login (ejabberd checks a password), push-register (one
# write), turn (nothing but the server itself). Beside the load, health checks and calls, which are served first.
# Prints a table, then PASS or FAIL for each limit; exits 1 when one is missed. Rate limits are off.
# Server, ejabberd and PostgreSQL share cores 0 and 1, as on a small host; the client stays on core 1. Database, ejabberd,
# secrets and certificates are its own, in a temporary folder; all traffic stays on loopback.
#   --rounds N     rounds for each route; the median counts (3)
#   --seconds N    length of each measurement (8)
#   --factor N     how many times the peak is asked for (2)

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env ports state process keeper services test; do
    # shellcheck source=/dev/null
    source "$here/../scripts/lib/$part.sh"
done
for part in scripts/services/{db,api} bench/lib/{session,targets,measure,overload}; do
    # shellcheck source=/dev/null
    source "$ROOT/$part.sh"
done

# shellcheck disable=SC2034 # read by bench/lib
SERVER_CORE=0 CLIENT_CORE=1 USERS=200 PEAK_CONNECTIONS=(16 64) MOST_CONNECTIONS=1500
ROUTES=(login push-register turn)

rounds=3 seconds=8 factor=2
while (($#)); do
    case $1 in
        --help) show_help "$0"; exit 0 ;;
        --rounds | --seconds | --factor)
            [[ ${2:-} =~ ^[1-9][0-9]?$ ]] || die "$1 takes a number from 1 to 99"
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        *) die "unknown option: $1" ;;
    esac
    shift
done
# shellcheck disable=SC2034 # read by bench/lib
SECONDS_EACH=$seconds FACTOR=$factor

need_release veil-api veil-bench-overload
need_cores "$SERVER_CORE" "$CLIENT_CORE"
open_folder
# shellcheck disable=SC2034 # read by leave
BENCH_SERVICES=(api)

install_missing python3 curl
own_stack
mapfile -t ports < <(free_ports 2)
# shellcheck disable=SC2034 # read through their names
API_HOST=127.0.0.1 LOG_LEVEL=warn API_PORT=${ports[0]} ADMIN_PORT=${ports[1]}

echo "==> starting veil-api with a private database and ejabberd"
"$ROOT/scripts/up.sh" db ejabberd >"$STATE/log/up.log" 2>&1 || { show_log up; die "the private stack did not start"; }
api_prepare
api_migrate
start_api
await_answer api "$API_PORT" /readyz

echo "==> making $USERS users"
prepare_overload

echo "==> $rounds rounds for each of ${#ROUTES[@]} routes: the peak, then $factor times as much"
for ((round = 1; round <= rounds; round++)); do
    for route in "${ROUTES[@]}"; do measure_overload "$route" "$round" >>"$STATE/results"; done
done

# shellcheck disable=SC2034 # read by leave
JUDGED=1
/usr/bin/python3 "$ROOT/bench/overload_report.py" <"$STATE/results"
