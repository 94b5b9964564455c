#!/usr/bin/env bash
# Usage: bench/push.sh [--rounds N] [--pushes N] [--seconds N]
#
# Measures the push part of the release build against veil-fake-push, in less than four minutes: how many pushes its
# sender gets accepted over one connection, beside h2load with the same requests; the memory of 10,000 calls whose
# devices never answer; and the time from the webhook of a call to the provider's socket, at 500 calls a second for
# 2,000 users with one phone each, half of them iPhones. Prints one table, then PASS or FAIL for each limit; exits 1
# when one is missed.
# What is measured (sender, h2load, veil-api with its usual log) has core 0 for itself. Core 1 is for all the others:
# the fake provider, PostgreSQL and the program that makes the calls. Rounds are interleaved and the median counts.
# Database, secrets, keys and certificates are its own, in a temporary folder; all traffic stays on loopback.
#   --rounds N     rounds of sender and h2load (3)
#   --pushes N     pushes in a round, in thousands (100)
#   --seconds N    how long calls are made (10)

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common packages env ports state process keeper services test; do
    # shellcheck source=/dev/null
    source "$here/../scripts/lib/$part.sh"
done
for part in scripts/services/{db,api} bench/lib/{session,targets,measure,push}; do
    # shellcheck source=/dev/null
    source "$ROOT/$part.sh"
done

# shellcheck disable=SC2034 # read by bench/lib
SERVER_CORE=0 CLIENT_CORE=1 IN_FLIGHT=1000 QUEUED=10000 USERS=2000 CALLS_PER_SECOND=500

rounds=3 pushes=100 seconds=10
while (($#)); do
    case $1 in
        --help) show_help "$0"; exit 0 ;;
        --rounds | --pushes | --seconds)
            [[ ${2:-} =~ ^[1-9][0-9]{0,2}$ ]] || die "$1 takes a number from 1 to 999"
            printf -v "${1#--}" %s "$2"
            shift
            ;;
        *) die "unknown option: $1" ;;
    esac
    shift
done
# Who sends fewer than 5,000 pushes a second is given up.
# shellcheck disable=SC2034 # read by bench/lib
PUSHES=$((pushes * 1000)) ROUND_LIMIT=$((pushes / 5 + 5)) CALL_SECONDS=$seconds

# The fake provider, the database, and the sender's and the server's own copies of programs and keys.
bring_up_parts() {
    local user
    user=$(helper_user)
    own "$user" "$STATE/fake"
    put_file "$user" "$STATE/fake/veil-fake-push" <"$ROOT/build/release/bin/veil-fake-push"
    chmod 0500 "$STATE/fake/veil-fake-push"
    start_fake /dev/null
    taskset -c "$CLIENT_CORE" "$ROOT/scripts/up.sh" db >"$STATE/log/up.log" 2>&1 ||
        { show_log up; die "the private database did not start"; }
    read_fake_variables
    api_prepare
    user=$(user_of api)
    put_file "$user" "$STATE/api/veil-bench-push" <"$ROOT/build/release/bin/veil-bench-push"
    chmod 0500 "$STATE/api/veil-bench-push"
    api_migrate
}

# What h2load is to send, once for all rounds.
prepare_h2load() {
    own "$(user_of api)" "$STATE/api/request"
    mapfile -t H2LOAD_ARGUMENTS < <(h2load_arguments)
    ((${#H2LOAD_ARGUMENTS[@]} > 1)) || die "there is nothing to send for h2load"
    device_paths | put_file "$(user_of api)" "$STATE/api/request/paths"
}

need_release veil-api veil-fake-push veil-bench-push
need_cores "$SERVER_CORE" "$CLIENT_CORE"
open_folder
# shellcheck disable=SC2034 # read by leave
BENCH_SERVICES=(api fake)

install_missing nghttp2-client python3 curl
own_stack
mapfile -t ports < <(free_ports 5)
# shellcheck disable=SC2034 # read through their names
API_HOST=127.0.0.1 API_PORT=${ports[0]} ADMIN_PORT=${ports[1]} \
    APNS_PORT=${ports[2]} SANDBOX_PORT=${ports[3]} GOOGLE_PORT=${ports[4]}

echo "==> starting the fake provider and a private database"
bring_up_parts
prepare_h2load

echo "==> sender alone: $rounds rounds of $PUSHES pushes for it and for h2load"
for ((round = 1; round <= rounds; round++)); do
    measure_sender >>"$STATE/results"
    measure_h2load >>"$STATE/results"
done
echo "==> memory of $QUEUED queued pushes"
measure_queue >>"$STATE/results"

echo "==> $CALLS_PER_SECOND calls a second for $seconds s"
stop_service fake TERM 15 >/dev/null
start_fake "$STATE/fake/events"
register_users
start_api
await_answer api "$API_PORT" /healthz
measure_calls >>"$STATE/results"
stop_service api TERM 20 >/dev/null
stop_service fake TERM 15 >/dev/null # what it has seen is complete now

# shellcheck disable=SC2034 # read by leave
JUDGED=1
/usr/bin/python3 "$ROOT/bench/push_report.py" "$STATE/load.calls" "$STATE/fake/events" <"$STATE/results"
