#!/usr/bin/env bash
# Usage: bench/groups.sh [--rounds N] [--seconds N]
#
# Measures what it costs that veil-api compares every group with its room in ejabberd: makes 2,000 groups of 5 members
# through REST, then takes the time, the calls and ejabberd's CPU time of one sweep of them all (less what ejabberd uses
# when idle), and the time of answers to 97 GET /groups and 19 changes of members a second, while sweeps follow each
# other (GROUP_SWEEP_SECONDS=1) and while there is none. Also how long it takes to make a group of 5 and of 256 members.
# Prints tables, then PASS or FAIL for each limit; exits 1 when one is missed.
# Server, ejabberd and PostgreSQL share cores 0 and 1, as on a small host; the client stays on core 1. Rounds are
# interleaved and the median counts. Database, ejabberd, secrets and certificates are its own, in a temporary folder;
# all traffic stays on loopback.
#   --rounds N     rounds without and with the sweep (3)
#   --seconds N    how long requests are made in each (15)

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env ports state process keeper services test; do
    # shellcheck source=/dev/null
    source "$here/../scripts/lib/$part.sh"
done
for part in scripts/services/{db,api} bench/lib/{session,targets,measure,groups}; do
    # shellcheck source=/dev/null
    source "$ROOT/$part.sh"
done

# The rates have no common divisor: the two kinds of requests meet by chance only.
# shellcheck disable=SC2034 # read by bench/lib
SERVER_CORE=0,1 CLIENT_CORE=1 USERS=500 GROUPS_MADE=2000 LISTS_PER_SECOND=97 CHANGES_PER_SECOND=19 \
    IDLE_SECONDS=5 LONGEST_INTERVAL=45

rounds=3 seconds=15
while (($#)); do
    case $1 in
        --help) show_help "$0"; exit 0 ;;
        --rounds | --seconds)
            [[ ${2:-} =~ ^[1-9][0-9]?$ && $2 -le 30 ]] || die "$1 takes a number from 1 to 30"
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        *) die "unknown option: $1" ;;
    esac
    shift
done
# shellcheck disable=SC2034 # read by bench/lib
LOAD_SECONDS=$seconds

need_release veil-api
need_cores "$SERVER_CORE" "$CLIENT_CORE"
open_folder
# shellcheck disable=SC2034 # read by leave
BENCH_SERVICES=(api)

install_missing python3 curl iproute2
own_stack
mapfile -t ports < <(free_ports 2)
# shellcheck disable=SC2034 # read through their names
API_HOST=127.0.0.1 API_PORT=${ports[0]} ADMIN_PORT=${ports[1]}

echo "==> starting a private database and ejabberd"
"$ROOT/scripts/up.sh" db ejabberd >"$STATE/log/up.log" 2>&1 || { show_log up; die "the private stack did not start"; }
find_ejabberd
api_prepare
api_migrate
prepare_load

echo "==> making $USERS users and $GROUPS_MADE groups"
begun=$(now_ms)
start_sweeping_every "$LONGEST_INTERVAL"
run_program 600 groups_make.py "$API_PORT" "$USERS" "$GROUPS_MADE" "$STATE/load/known" >>"$STATE/results"
stop_api
say_since "$begun" "made"

echo "==> $rounds rounds of $seconds s without and with the sweep"
for ((round = 1; round <= rounds; round++)); do
    measure_without_sweep "$round" >>"$STATE/results"
    measure_with_sweep "$round" >>"$STATE/results"
done

# shellcheck disable=SC2034 # read by leave
JUDGED=1
/usr/bin/python3 "$ROOT/bench/groups_report.py" "$GROUPS_MADE" <"$STATE/results"
