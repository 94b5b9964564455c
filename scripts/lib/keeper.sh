# shellcheck shell=bash
# Services are kept running: each is the child of a keeper (keep.sh), which starts it again when it ends. run/SERVICE.pid
# names the service, run/SERVICE.keeper its keeper.

# clear_up SERVICE: ends and removes what one that was killed has left behind. Its children are known by its session, whose
# number the kernel gives to nobody else while one of them lives.
clear_up() {
    local left=()
    if ! running "$1" && [[ $PID ]]; then
        if ! process_facts "$PID" || [[ $P_START == "$START" ]]; then mapfile -t left < <(members "$PID"); fi
        end_all 0 "${left[@]}" || true
    fi
    ! declare -F "$1_clear" >/dev/null || "$1_clear"
}

# launch SERVICE USER FOLDER [NAME | NAME=VALUE]... -- COMMAND...: returns once the process is there.
launch() {
    local service=$1 user=$2 folder=$3 log=$STATE/log/$1.log variables=() fd
    shift 3
    while [[ $1 != -- ]]; do
        variables+=("$1")
        shift
    done
    shift
    [[ ! -e $log ]] || mv -f -- "$log" "$log.1"
    clear_up "$service"
    rm -f -- "$STATE/run/$service.pid"
    (
        cd /
        # Neither the lock nor anything the caller has open may live on in the service.
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            ((fd <= 2)) || exec {fd}>&-
        done
        export_only "HOME=$folder" "${variables[@]}"
        exec setsid "$ROOT/scripts/lib/keep.sh" "$STATE" "$service" "$user" "$folder" "$@"
    ) </dev/null >>"$log" 2>&1 &
    record $! "$STATE/run/$service.keeper"
    until [[ -e $STATE/run/$service.pid ]] || ! kept "$service"; do sleep 0.02; done
}

# kept SERVICE: its keeper lives. Leaves PID alone.
kept() { (recorded "$STATE/run/$1.keeper"); }

# end_all SECONDS "PID START"...: waits for them, then kills what is left. Fails when it had to.
end_all() {
    local each left=("${@:2}") deadline=$(($(now_ms) + $1 * 1000)) insisted=0
    while mapfile -t left < <(survivors "${left[@]}") && ((${#left[@]})); do
        if (($(now_ms) >= deadline && !insisted)); then
            insisted=1
            for each in "${left[@]}"; do kill -s KILL "${each% *}" 2>/dev/null || true; done
        fi
        sleep 0.05
    done
    ((!insisted))
}

# stop_service SERVICE SIGNAL SECONDS: the keeper first, so that nobody starts it again; then it is asked to stop, waited for
# with its children, and killed when it does not end.
stop_service() {
    local keeper='' started word="not running"
    started=$(now_ms)
    ! recorded "$STATE/run/$1.keeper" || keeper="$PID $START"
    [[ ! $keeper ]] || kill -s TERM "${keeper% *}" 2>/dev/null || true
    if running "$1"; then
        word=stopped
        stop_family "$PID" "$2" "$3" || echo "==> $1: did not stop within $3 s, killed it" >&2
    fi
    [[ ! $keeper ]] || end_all 5 "$keeper" || true
    clear_up "$1"
    rm -f -- "$STATE/run/$1.pid" "$STATE/run/$1.keeper"
    say_since "$started" "$1: $word"
}

# stop_family PID SIGNAL SECONDS: fails when it had to kill.
stop_family() {
    local each left
    mapfile -t left < <(family "$1")
    kill -s "$2" "$1" 2>/dev/null || true
    # Somebody may have frozen it; a signal waits for the thaw.
    for each in "${left[@]}"; do kill -s CONT "${each% *}" 2>/dev/null || true; done
    end_all "$3" "${left[@]}"
}
