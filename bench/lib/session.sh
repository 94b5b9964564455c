# shellcheck shell=bash
# The frame of a bench: its packages, its private folder, and a clean end. Bench scripts source this.

# What a script adds to: services that it launches itself, to be stopped in this order.
BENCH_SERVICES=()
JUDGED=0 # the limits were checked, so that a bad end is no error

# install_missing PACKAGE...
install_missing() {
    local missing
    mapfile -t missing < <(missing_packages "$@")
    ((${#missing[@]})) || return 0
    if is_root; then
        "$ROOT/scripts/lib/install-packages.sh" "${missing[@]}"
    else
        sudo -- "$ROOT/scripts/lib/install-packages.sh" "${missing[@]}"
    fi
}

# need_release TARGET...
need_release() {
    local name
    for name in "$@"; do
        [[ -x $ROOT/build/release/bin/$name ]] || die "there is no release build of $name to measure" \
            "make one: cmake --preset release && cmake --build --preset release --target $*"
    done
}

# need_cores CORE...
need_cores() {
    local core
    for core in "$@"; do
        taskset -c "$core" true 2>/dev/null || die "core $core is needed: the server and its clients have one each"
    done
}

# Whatever happened, nothing that was started here stays behind: each step is tried even if another one fails, and a second
# interrupt does not cut it short. Logs are kept only after an error.
leave() {
    local code=$? name
    set +e
    trap - EXIT
    trap '' INT TERM
    for name in "${BENCH_SERVICES[@]}"; do
        [[ ! -e $STATE/run/$name.pid ]] || stop_service "$name" TERM 15 >/dev/null
    done
    stack_down >/dev/null || code=1
    if ((code == 0 || JUDGED)); then rm -rf -- "$FOLDER"; else echo "logs are kept in $FOLDER" >&3; fi
    exit "$code"
}

# open_folder: FOLDER, and in it STATE for what the bench itself launches; both go when the script ends.
open_folder() {
    FOLDER=$(mktemp -d "${TMPDIR:-/tmp}/veil-bench.XXXXXX")
    STATE=$FOLDER/bench
    exec 3>&2 # an interrupt may come while output goes to a log
    trap leave EXIT
    trap 'exit 130' INT TERM
    chmod 0711 "$FOLDER"
    mkdir -p "$STATE"/{run,log}
    ! is_root || chmod 0711 "$STATE"
}
