# shellcheck shell=bash
# One moment of two databases. Sessions of psql that stay open hold it; see docs/operations.md for what it is worth.

declare -A SESSION_IN=() SESSION_OUT=()
LOCK_TRIES=5

# open_session NAME DATABASE
open_session() {
    local in out
    rm -f -- "$WORK/$1".{in,out}
    mkfifo -- "$WORK/$1".{in,out}
    database_tool psql -X -q -A -t -v ON_ERROR_STOP=1 -d "$2" <"$WORK/$1.in" >"$WORK/$1.out" 2>"$WORK/$1.err" &
    exec {in}>"$WORK/$1.in" {out}<"$WORK/$1.out"
    SESSION_IN[$1]=$in SESSION_OUT[$1]=$out
}

# ask NAME STATEMENT: sets ANSWER to its last line; fails when the statement did.
ask() {
    local line
    ANSWER=
    # A subshell, as writing to one that has ended is the end of who writes.
    (printf '%s;\n\\echo .done\n' "$2" >&"${SESSION_IN[$1]}") || return 1
    while IFS= read -r -t 30 line <&"${SESSION_OUT[$1]}"; do
        [[ $line != .done ]] || return 0
        ANSWER=$line
    done
    return 1
}

# close_session NAME: what it holds is let go of.
close_session() {
    local in=${SESSION_IN[$1]} out=${SESSION_OUT[$1]}
    exec {in}>&- {out}<&-
    unset "SESSION_IN[$1]" "SESSION_OUT[$1]"
}

# While it is held nobody begins or ends a change that spans both databases: each begins and ends with a row in one of these.
# Nobody waits behind us for longer than a second.
hold_changes() {
    local try
    for ((try = 1; try <= LOCK_TRIES; try++)); do
        open_session lock veil
        ! ask lock "SET lock_timeout = '1s'" || ! ask lock BEGIN ||
            ! ask lock 'LOCK TABLE account_operations, group_operations IN SHARE MODE' || return 0
        close_session lock
        sleep "0.$((RANDOM % 900 + 100))"
    done
    sed 's/^/    /' "$WORK/lock.err" >&2
    die "the changes under way did not pause for a moment"
}

# begin_snapshot DATABASE: a transaction that has seen nothing yet.
begin_snapshot() {
    open_session "$1" "$1"
    ask "$1" 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' || no_snapshot "$1"
}

# take_snapshot DATABASE: sets SNAPSHOTS[DATABASE], which stays good while its session is open.
declare -A SNAPSHOTS=()
take_snapshot() {
    ask "$1" 'SELECT pg_export_snapshot()' || no_snapshot "$1"
    # shellcheck disable=SC2034 # read by the script that sources this
    SNAPSHOTS[$1]=$ANSWER
}

no_snapshot() {
    sed 's/^/    /' "$WORK/$1.err" >&2
    die "there is no snapshot of the database $1"
}

# Sets SNAPSHOTS for both databases. To open a session takes a second in a container: none is opened while changes wait.
take_snapshots() {
    begin_snapshot veil
    begin_snapshot ejabberd
    hold_changes
    take_snapshot veil
    take_snapshot ejabberd
    ask lock COMMIT || die "changes could not be let go on"
    close_session lock
}
