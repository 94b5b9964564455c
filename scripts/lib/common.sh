# shellcheck shell=bash
# What every script shares: strict mode, the checkout's root, messages, timed steps, --help.
set -euo pipefail
umask 077
export LC_ALL=C.UTF-8

# shellcheck disable=SC2034 # for those who source this
ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)

die() {
    printf 'error: %s\n' "$1" >&2
    shift
    (($# == 0)) || printf '       %s\n' "$@" >&2
    exit 1
}

# The comment block at the top of the script, without its first line and the hashes.
show_help() {
    sed -n '2,/^[^#]\|^$/{/^#/!d;s/^# \{0,1\}//;p}' "$1"
}

now_ms() {
    local t=${EPOCHREALTIME/[.,]/}
    echo $((t / 1000))
}

# say_since MS TEXT: one progress line with the seconds since MS.
say_since() {
    local ms=$(($(now_ms) - $1))
    printf '==> %s (%d.%d s)\n' "$2" $((ms / 1000)) $((ms % 1000 / 100))
}

exec 4>&1 # the terminal, also while output goes to a log

# Passes the output of a long build or test run on, and shows how far it is: every tenth step of ninja, every file of
# pytest.
with_progress() {
    local line
    while IFS= read -r line; do
        printf '%s\n' "$line"
        if [[ $line =~ ^\[([0-9]+)/[0-9]+\] ]]; then
            ((BASH_REMATCH[1] == 0 || BASH_REMATCH[1] % 10)) || printf '    %s\n' "${BASH_REMATCH[0]}" >&4
        elif [[ $line =~ \[\ *[0-9]+%\]$ ]]; then
            printf '    %s\n' "$line" >&4
        fi
    done
}

is_root() { ((EUID == 0)); }

# in_list WORD LIST...
in_list() {
    local word=$1 item
    shift
    for item in "$@"; do
        [[ $item == "$word" ]] && return 0
    done
    return 1
}
