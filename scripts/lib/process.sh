# shellcheck shell=bash
# Starting and stopping processes. A process is known by its pid, its start time and the boot it was started in, so a
# recycled pid is neither trusted nor killed. A service sees only the variables it is given, and never its secrets in argv.

# process_facts PID: sets P_STATE, P_PARENT and P_START; fails when there is no such process.
process_facts() {
    local line=''
    { IFS= read -r -d '' line <"/proc/$1/stat"; } 2>/dev/null || [[ $line ]] || return 1
    # The name in the second field may hold spaces and parentheses: count from the last one.
    read -ra line <<<"${line##*) }"
    P_STATE=${line[0]} P_PARENT=${line[1]} P_START=${line[19]}
}

# alive PID START: that very process lives (a zombie does not).
alive() { process_facts "$1" && [[ $P_START == "$2" && $P_STATE != [ZX] ]]; }

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# running SERVICE: sets PID when it lives.
running() {
    local start boot
    PID=
    [[ -r $STATE/run/$1.pid ]] || return 1
    read -r PID start boot <"$STATE/run/$1.pid" || return 1
    [[ $boot == "$(boot_id)" ]] && alive "$PID" "$start"
}

# become USER [NAME | NAME=VALUE]... -- COMMAND...: never returns. Secrets go from this shell's variables straight
# into the environment: no command line ever holds them.
become() {
    local user=$1 name drop=(setpriv --no-new-privs)
    shift
    ! is_root || drop+=(--reuid="$user" --regid="$(id -g "$user")" --init-groups --inh-caps=-all)
    for name in $(compgen -e); do export -n "${name?}"; done
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 HOME=/nonexistent
    while [[ $1 != -- ]]; do
        export "${1?}"
        shift
    done
    shift
    exec "${drop[@]}" "$@"
}

# as USER [NAME | NAME=VALUE]... -- COMMAND...: in the root folder, as the user may be unable to enter the caller's.
as() { (cd / && become "$@"); }

# launch SERVICE USER FOLDER [NAME | NAME=VALUE]... -- COMMAND...
launch() {
    local service=$1 user=$2 folder=$3 log=$STATE/log/$1.log variables=() fd
    shift 3
    while [[ $1 != -- ]]; do
        variables+=("$1")
        shift
    done
    shift
    [[ ! -e $log ]] || mv -f -- "$log" "$log.1"
    (
        cd -- "$folder" || exit
        # Neither the lock nor anything the caller has open may live on in the service.
        for fd in /proc/self/fd/*; do
            fd=${fd##*/}
            ((fd <= 2)) || exec {fd}>&-
        done
        become "$user" "HOME=$folder" "${variables[@]}" -- setsid "$@"
    ) </dev/null >"$log" 2>&1 &
    process_facts $! || true
    echo "$! ${P_START:-0} $(boot_id)" >"$STATE/run/$service.pid"
}

# family PID: "pid start" of the process and of everything it started, itself first.
family() {
    local dir pid grew=1
    local -A start parent member=([$1]=1)
    for dir in /proc/[0-9]*; do
        pid=${dir#/proc/}
        process_facts "$pid" || continue
        start[$pid]=$P_START parent[$pid]=$P_PARENT
    done
    while ((grew)); do
        grew=0
        for pid in "${!parent[@]}"; do
            [[ ! ${member[$pid]:-} && ${member[${parent[$pid]}]:-} ]] || continue
            member[$pid]=1 grew=1
        done
    done
    for pid in "${!member[@]}"; do
        [[ ! ${start[$pid]:-} ]] || echo "$pid ${start[$pid]}"
    done
}

# survivors "PID START"...: those that live.
survivors() {
    local each
    for each in "$@"; do
        # shellcheck disable=SC2086 # two words on purpose
        ! alive $each || echo "$each"
    done
}

# stop_service SERVICE SIGNAL SECONDS: asks it to stop, waits for it and its children, then insists.
stop_service() {
    local each left deadline started main
    started=$(now_ms)
    if ! running "$1"; then
        rm -f -- "$STATE/run/$1.pid"
        echo "==> $1: not running"
        return 0
    fi
    main=$PID
    mapfile -t left < <(family "$main")
    kill -s "$2" "$main" 2>/dev/null || true
    # Somebody may have frozen it; a signal waits for the thaw.
    for each in "${left[@]}"; do kill -s CONT "${each% *}" 2>/dev/null || true; done
    deadline=$((started + $3 * 1000))
    while mapfile -t left < <(survivors "${left[@]}") && ((${#left[@]} && $(now_ms) < deadline)); do sleep 0.1; done
    if ((${#left[@]})); then
        echo "==> $1: did not stop within $3 s, killing it" >&2
        for each in "${left[@]}"; do kill -s KILL "${each% *}" 2>/dev/null || true; done
        while mapfile -t left < <(survivors "${left[@]}") && ((${#left[@]})); do sleep 0.1; done
    fi
    rm -f -- "$STATE/run/$1.pid"
    say_since "$started" "$1: stopped"
}
