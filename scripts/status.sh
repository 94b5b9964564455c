#!/usr/bin/env bash
# Usage: scripts/status.sh [SERVICE...]
#
# One line for each service of the stack in VEIL_STATE: state, pid, uptime, memory (its fair share of what it shares), and
# whether it answers its probe. Ends with 0 when all of them run and answer, else with 1.
#   running     and started again if it dies       stopped   by scripts/down.sh, or never started
#   restarting  it died; see log/supervisor.log    died      and nobody starts it again: scripts/up.sh does
#   unwatched   runs, but nobody would start it again: scripts/up.sh restarts it

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
for part in common env state process keeper probe services; do
    # shellcheck source=/dev/null
    source "$here/lib/$part.sh"
done

[[ ${1:-} == --help ]] && { show_help "$0"; exit 0; }

state_of() {
    local watched=0
    ! kept "$1" || watched=1
    if running "$1"; then
        ((watched)) && echo running || echo unwatched
    elif ((watched)); then
        echo restarting
    elif [[ -e $STATE/run/$1.pid ]]; then
        echo died
    else
        echo stopped
    fi
}

# uptime_of PID: "3d 04:05:06"
uptime_of() {
    local seconds
    process_facts "$1" || return 0
    read -r seconds _ </proc/uptime
    seconds=$((${seconds%.*} - P_START / $(getconf CLK_TCK)))
    printf '%dd %02d:%02d:%02d' $((seconds / 86400)) $((seconds / 3600 % 24)) $((seconds / 60 % 60)) $((seconds % 60))
}

# memory_of PID: of the process and its children; "-" where the kernel keeps that from us, as in many containers.
memory_of() {
    local files=() member
    while read -r member _; do files+=("/proc/$member/smaps_rollup"); done < <(family "$1")
    { cat -- "${files[@]}" 2>/dev/null || true; } | awk '/^Pss:/ { kb += $2 } END { if (kb) printf "%d MiB", kb / 1024; else print "-" }'
}

show() { printf '%-10s  %-10s  %8s  %12s  %8s  %s\n' "$@"; }

# One line; fails when the service does not run or does not answer.
describe() {
    local word answer=answers
    word=$(state_of "$1")
    if ! running "$1"; then
        show "$1" "$word" - - - -
        return 1
    fi
    "$1_probe" >/dev/null 2>&1 || answer="no answer"
    show "$1" "$word" "$PID" "$(uptime_of "$PID")" "$(memory_of "$PID")" "$answer"
    [[ $answer == answers ]]
}

choose_services "$@"
load_env
find_state
has_state || die "there is no stack in $STATE" "scripts/up.sh starts one"
[[ -O $STATE ]] || die "$STATE belongs to $(stat -c %U -- "$STATE"); run as that user"
code=0
jobs=()
folder=$(mktemp -d)
trap 'rm -rf -- "$folder"' EXIT
# One that hangs holds up nobody else.
for service in "${CHOSEN[@]}"; do
    describe "$service" >"$folder/$service" &
    jobs+=($!)
done
show service state pid uptime memory probe
for ((i = 0; i < ${#jobs[@]}; i++)); do
    wait "${jobs[i]}" || code=1
    cat -- "$folder/${CHOSEN[i]}"
done
exit "$code"
