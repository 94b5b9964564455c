# shellcheck shell=bash
# The parts of scripts/hold.sh: mounts that nobody else sees, a database on a disk of its own, the program, a clean end; and
# how scripts/test.sh runs it.

PROGRAM= # pid of tests/hold while it runs
DISK_MB=1024

# own_mounts COMMAND...: starts the script once more where it may mount a disk that it can let run full, which ends with it:
# as root, or with a user namespace where the kernel lets everybody have one. Where neither goes, the part that wants it says
# that it did not run.
own_mounts() {
    local way
    [[ ! ${HOLD_MOUNTS:-} ]] || return 0
    for way in "--mount" "--mount --user --map-current-user --keep-caps"; do
        # shellcheck disable=SC2086 # several words on purpose
        ! unshare $way true 2>/dev/null || HOLD_MOUNTS=yes exec unshare $way -- "$@"
    done
    HOLD_MOUNTS=no
}

# What PostgreSQL writes goes to a small disk of its own. Its size can be changed under way.
small_disk() {
    [[ $HOLD_MOUNTS == yes ]] || return 0
    (
        find_state
        make_state
        mkdir -p -- "$STATE/db"
        mount -t tmpfs -o "size=${DISK_MB}m,mode=0700" veil-hold "$STATE/db"
    ) || return 0
    find_state
    export HOLD_DISK=$STATE/db HOLD_DISK_MB=$DISK_MB
}

# In the background, so that a signal is handled at once. Its end is this script's end.
run_program() {
    /usr/bin/python3 -B "$ROOT/tests/hold/main.py" "$@" "--trouble=$FOLDER/trouble.log" &
    PROGRAM=$!
    local code=0
    wait "$PROGRAM" || code=$?
    # shellcheck disable=SC2034 # read by leave
    DONE=1
    return "$code"
}

# Whatever happened, nothing that was started here stays behind: the program ends what it started itself, the rest are services
# by their pid files.
leave() {
    local code=$? name
    set +e
    trap - EXIT
    trap '' INT TERM
    if [[ $PROGRAM ]] && kill -s TERM "$PROGRAM" 2>/dev/null; then wait "$PROGRAM"; fi
    find_state
    for name in "$STATE"/run/api-*.keeper; do
        [[ ! -e $name ]] || stop_service "$(basename -- "$name" .keeper)" TERM 15
    done >/dev/null
    hold_down || code=1
    ((DONE)) || echo "interrupted" >&3
    if ((code)); then echo "logs are kept in $FOLDER" >&3; else rm -rf -- "$FOLDER"; fi
    exit "$code"
}

# A mounted disk would be in the way of a wipe.
hold_down() {
    [[ -e $FOLDER/state ]] || return 0
    "$ROOT/scripts/down.sh" >"$FOLDER/down.log" 2>&1 || return 1
    [[ ! ${HOLD_DISK:-} ]] || umount -- "$HOLD_DISK" || return 1
    stack_down >>"$FOLDER/down.log" 2>&1
}

# For scripts/test.sh: each promise counts as a test, and its line is shown under way.
run_hold() {
    local line
    "$ROOT/scripts/hold.sh" --short 2>&1 | while IFS= read -r line; do
        printf '%s\n' "$line"
        [[ ! $line =~ ^(==\>|\ +(passed|FAILED|did\ not\ run):)\  ]] || printf '    %s\n' "$line" >&4
    done
}

hold_report() { last_counts "$FOLDER/hold.log"; }

hold() { suite "hold" hold_report run_hold; }
