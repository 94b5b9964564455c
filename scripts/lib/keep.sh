#!/usr/bin/env bash
# Usage: keep.sh STATE SERVICE USER FOLDER COMMAND...
# Keeps one service of a stack running: starts the command as USER in FOLDER, writes its pid to run/SERVICE.pid, and starts it
# again when it ends, after a pause that grows from half a second to ten. Says so in log/supervisor.log. Started by up.sh with
# the service's environment; SIGTERM makes it end with the service, which down.sh stops itself.

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common process keeper; do
    # shellcheck source=/dev/null
    source "$here/$part.sh"
done
export -n LC_ALL

[[ ${1:-} == --help ]] && { show_help "$0"; exit 0; }
(($# > 4)) || die "state, service, user, folder and command are needed"

FIRST_PAUSE=500 LONGEST_PAUSE=10000 # milliseconds
STEADY=60000                        # one that ran for so long ended for another reason than those before

note() { printf '%(%Y-%m-%dT%H:%M:%S%z)T %s: %s\n' -1 "$SERVICE" "$1" >>"$STATE/log/supervisor.log"; }

# Waits for a child although signals interrupt that; sets CODE. Bash itself would put a word about its end into the log.
await() {
    while :; do
        CODE=0
        wait "$1" 2>/dev/null || CODE=$?
        kill -s 0 "$1" 2>/dev/null || return 0
    done
}

# Starts the service and waits for its end. Who stops it reads the pid after it has signalled us: if that came too early
# to see this pid, nobody else knows of it.
run() {
    local child
    (cd -- "$FOLDER" && exec "${DROP[@]}" setsid "$@") &
    child=$!
    record "$child" "$STATE/run/$SERVICE.pid" || kill -s KILL "$child"
    ((!STOPPING)) || kill -s KILL "$child" 2>/dev/null || true
    await "$child"
}

pause() {
    sleep "$(($1 / 1000)).$(printf %03d $(($1 % 1000)))" &
    wait $! || true
    kill $! 2>/dev/null || true
}

how_it_ended() {
    local signal
    if (($1 > 128)) && signal=$(kill -l $(($1 - 128)) 2>/dev/null) && [[ $signal ]]; then
        echo "killed by SIG$signal"
    else
        echo "ended with $1"
    fi
}

keep() {
    local begun ran ms next=$FIRST_PAUSE
    while ((!STOPPING)); do
        begun=$(now_ms)
        run "$@"
        ((!STOPPING)) || break
        ran=$(($(now_ms) - begun))
        ((ran < STEADY)) || next=$FIRST_PAUSE
        ms=$((next * (75 + RANDOM % 51) / 100))
        note "$(how_it_ended "$CODE") after $((ran / 1000)) s; starting it again in $ms ms"
        next=$((next * 2 < LONGEST_PAUSE ? next * 2 : LONGEST_PAUSE))
        pause "$ms"
        (clear_up "$SERVICE") || note "what it left behind could not be removed"
    done
}

STATE=$1 SERVICE=$2 FOLDER=$4 STOPPING=0
drop_to "$3"
if [[ -e $ROOT/scripts/services/$SERVICE.sh ]]; then # a bench keeps others too
    # shellcheck source=/dev/null
    source "$ROOT/scripts/services/$SERVICE.sh"
fi
trap 'STOPPING=1' TERM
# One line, so that nothing of this file is read any more when another version of it is put in its place.
shift 4; keep "$@"; exit
