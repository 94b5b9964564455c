#!/usr/bin/env bash
# Usage: bench/write.sh [--rounds N] [--seconds N]
#
# Measures the write path of the release build: POST push/register for 1,000 accounts with one device each, over 32
# connections, with 10 connections to the database; beside pgbench with 10 clients, prepared, with the server's own
# statement for one row and with a plain upsert of the same row; and beside an ordinary FastAPI service (asyncpg, 10
# connections) with that plain upsert. Then POST account/login beside ejabberd's check_password with a bearer token, 32
# connections each. Prints two tables, then PASS or FAIL for each limit; exits 1 when one is missed.
# All of them use one cluster (fsync and synchronous_commit on) and share cores 0 and 1 with it, as on a small host.
# Rounds are interleaved and the median counts. Database, ejabberd, secrets and certificates are its own, in a temporary
# folder; all traffic stays on loopback.
#   --rounds N     rounds of each (3)
#   --seconds N    length of a round (5)

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env ports state process keeper services test; do
    # shellcheck source=/dev/null
    source "$here/../scripts/lib/$part.sh"
done
for part in scripts/services/{db,api} bench/lib/{session,targets,measure,write}; do
    # shellcheck source=/dev/null
    source "$ROOT/$part.sh"
done

# shellcheck disable=SC2034 # read by bench/lib
SERVER_CORE=0,1 CLIENT_CORE=0,1 ROWS=1000 LOGINS=64 CLIENTS=32 CONNECTIONS=10
PACKAGES=(wrk python3-fastapi python3-uvicorn python3-uvloop python3-httptools python3-jwt python3-asyncpg curl)
PEER_VARIABLES+=(DB_HOST DB_PORT DB_NAME DB_USER DB_PASSWORD)

rounds=3 seconds=5
while (($#)); do
    case $1 in
        --help) show_help "$0"; exit 0 ;;
        --rounds | --seconds)
            [[ ${2:-} =~ ^[1-9][0-9]?$ ]] || die "$1 takes a number from 1 to 99"
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        *) die "unknown option: $1" ;;
    esac
    shift
done

# What would make some of them wait for the disk and others not.
need_safe_commits() {
    [[ $(echo 'SHOW fsync; SHOW synchronous_commit' | db_as veil veil "$DB_PASSWORD" | tr '\n' ' ') == "on on " ]] ||
        die "the database does not wait for the disk"
}

need_release veil-api
need_cores 0 1
open_folder
# shellcheck disable=SC2034 # read by leave
BENCH_SERVICES=(fastapi api)

install_missing "${PACKAGES[@]}"
own_stack
mapfile -t ports < <(free_ports 3)
# shellcheck disable=SC2034 # read through their names
API_HOST=127.0.0.1 API_PORT=${ports[0]} ADMIN_PORT=${ports[1]} FASTAPI_PORT=${ports[2]} DB_POOL_MAX=$CONNECTIONS

echo "==> starting a private database and ejabberd, veil-api and FastAPI"
"$ROOT/scripts/up.sh" db ejabberd >"$STATE/log/up.log" 2>&1 || { show_log up; die "the private stack did not start"; }
find_stack
need_safe_commits
api_prepare
api_migrate
start_api
await_answer api "$API_PORT" /readyz
start_fastapi
await_answer fastapi "$FASTAPI_PORT" /api/v1/server/info
prepare_load

echo "==> warming up, then $rounds rounds of $seconds s for each"
for target in api same plain fastapi login check; do load_target "$target" 1 >/dev/null; done
echo "VACUUM ANALYZE push_registrations" | owner_sql
for ((round = 1; round <= rounds; round++)); do
    for target in api same plain fastapi; do measure_load write "$target" "$seconds" >>"$STATE/results"; done
    for target in login check; do measure_load login "$target" "$seconds" >>"$STATE/results"; done
done
printf 'rows\t%d\n' "$(echo "SELECT count(*) FROM push_registrations" | owner_sql)" >>"$STATE/results"

# shellcheck disable=SC2034 # read by leave
JUDGED=1
/usr/bin/python3 "$ROOT/bench/write_report.py" "$ROWS" <"$STATE/results"
