# shellcheck shell=bash
# Processes: which live, who they belong to, as whom they run. One is known by its pid, its start time and the boot it was
# started in, so a recycled pid is neither trusted nor killed. A program sees only the variables it is given, and never its
# secrets in argv.

# process_facts PID: sets P_STATE, P_PARENT, P_SESSION and P_START; fails when there is no such process.
process_facts() {
    local line=''
    { IFS= read -r -d '' line <"/proc/$1/stat"; } 2>/dev/null || [[ $line ]] || return 1
    # The name in the second field may hold spaces and parentheses: count from the last one.
    read -ra line <<<"${line##*) }"
    P_STATE=${line[0]} P_PARENT=${line[1]} P_SESSION=${line[3]} P_START=${line[19]}
}

# alive PID START: that very process lives (a zombie does not).
alive() { process_facts "$1" && [[ $P_START == "$2" && $P_STATE != [ZX] ]]; }

boot_id() { cat /proc/sys/kernel/random/boot_id; }

# record PID FILE: writes the process down, never half.
record() {
    process_facts "$1" || true
    echo "$1 ${P_START:-0} $(boot_id)" >"$2.new" && mv -f -- "$2.new" "$2"
}

# recorded FILE: does the process live that is written down there? Sets PID and START, empty unless it is of this boot.
recorded() {
    local pid start boot
    PID='' START=''
    [[ -r $1 ]] && read -r pid start boot <"$1" && [[ $boot == "$(boot_id)" ]] || return 1
    PID=$pid START=$start
    alive "$PID" "$START"
}

running() { recorded "$STATE/run/$1.pid"; }

# drop_to USER: sets DROP, the start of a command that runs as USER, without any privilege and without a way to get one.
drop_to() {
    DROP=(setpriv --no-new-privs)
    ! is_root || DROP+=(--reuid="$1" --regid="$(id -g "$1")" --init-groups --inh-caps=-all)
}

# export_only [NAME | NAME=VALUE]...: these and a path are all that programs started from here see.
export_only() {
    local name
    for name in $(compgen -e); do export -n "${name?}"; done
    export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8
    for name in "$@"; do export "${name?}"; done
}

# become USER [NAME | NAME=VALUE]... -- COMMAND...: never returns. Secrets go from this shell's variables straight
# into the environment: no command line ever holds them.
become() {
    local user=$1 variables=()
    shift
    while [[ $1 != -- ]]; do
        variables+=("$1")
        shift
    done
    shift
    export_only HOME=/nonexistent "${variables[@]}"
    drop_to "$user"
    exec "${DROP[@]}" "$@"
}

# as USER [NAME | NAME=VALUE]... -- COMMAND...: in the root folder, as the user may be unable to enter the caller's.
as() { (cd / && become "$@"); }

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

# members SESSION: "pid start" of every process in it but its leader.
members() {
    local dir pid
    for dir in /proc/[0-9]*; do
        pid=${dir#/proc/}
        process_facts "$pid" || continue
        [[ $P_SESSION != "$1" || $pid == "$1" || $P_STATE == [ZX] ]] || echo "$pid $P_START"
    done
}
