# shellcheck shell=bash
# A Docker engine for the tests: the one that answers, or else a private one of Debian's packages, which runs as root and is
# ended and wiped afterwards.

ENGINE=     # folder of the private engine; empty while there is none
ENGINE_PID= # "pid start" of its dockerd

# engine_is_there: does an engine answer, and is there compose 2 and buildx?
engine_is_there() {
    command -v docker >/dev/null && docker version >/dev/null 2>&1 && docker buildx version >/dev/null 2>&1 &&
        [[ $(docker compose version --short 2>/dev/null) =~ ^v?([2-9]|[1-9][0-9])\. ]]
}

engine_daemon() {
    local deadline pid
    setsid dockerd --data-root "$ENGINE/data" --exec-root "$ENGINE/exec" --pidfile "$ENGINE/dockerd.pid" \
        -H "unix://$ENGINE/docker.sock" >"$ENGINE/dockerd.log" 2>&1 </dev/null &
    pid=$!
    process_facts "$pid" || return 1
    ENGINE_PID="$pid $P_START"
    deadline=$(($(now_ms) + 60000))
    until docker version >/dev/null 2>&1; do
        # shellcheck disable=SC2086 # two words on purpose
        alive $ENGINE_PID && (($(now_ms) < deadline)) || return 1
        sleep 0.2
    done
}

# The image that all others start from: from a registry, or made from this machine's mirror where none can be reached.
engine_base() {
    local root=$ENGINE/rootfs
    ! docker image inspect debian:bookworm-slim >/dev/null 2>&1 || return 0
    ! timeout 120 docker pull -q debian:bookworm-slim >/dev/null 2>&1 || return 0
    (install_for debootstrap) || return 1
    debootstrap --variant=minbase bookworm "$root" "$(debian_mirror)" >"$ENGINE/debootstrap.log" 2>&1 || return 1
    # The same sources and settings of apt as here.
    : >"$root/etc/apt/sources.list"
    find /etc/apt/sources.list.d -name '*debian*.sources' -exec cp -- {} "$root/etc/apt/sources.list.d/" \;
    [[ ! -s /etc/apt/sources.list ]] || cp -- /etc/apt/sources.list "$root/etc/apt/sources.list"
    apt-config dump | grep -E '^Acquire::(Check-|http|https|Retries)' >"$root/etc/apt/apt.conf.d/99test" || true
    tar -C "$root" --exclude='./var/cache/apt/archives/*.deb' --exclude='./var/lib/apt/lists/*_*' --exclude='./dev/*' \
        --exclude='./usr/share/doc/*' --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' -c . |
        docker import -c 'CMD ["bash"]' - debian:bookworm-slim >/dev/null || return 1
    rm -rf -- "$root"
}

# engine_up FOLDER: fails when this machine can run none; what went wrong is on standard error.
engine_up() {
    ! engine_is_there || return 0
    is_root || { echo "no Docker engine answers, and only root can start one" >&2; return 1; }
    (install_for engine) || return 1
    ENGINE=$1
    mkdir -p -- "$ENGINE"
    chmod 0711 -- "$ENGINE"
    export DOCKER_HOST=unix://$ENGINE/docker.sock DOCKER_CONFIG=$ENGINE/config DOCKER_BUILDKIT=1
    put_plugins "$ENGINE/config/cli-plugins" || { echo "Docker's plugins could not be downloaded" >&2; return 1; }
    engine_daemon || { echo "dockerd does not run here:" >&2; tail -n 5 -- "$ENGINE/dockerd.log" >&2; return 1; }
    engine_base || { echo "debian:bookworm-slim could neither be pulled nor made" >&2; return 1; }
}

# Ends the private engine with all it holds. It leaves the machine forwarding nothing, which nobody else has asked for.
engine_down() {
    [[ $ENGINE && $ENGINE_PID ]] || return 0
    # shellcheck disable=SC2086 # two words on purpose
    ! alive $ENGINE_PID || kill -s TERM "${ENGINE_PID% *}"
    end_all 30 "$ENGINE_PID" || true
    umount "$ENGINE/exec/netns/default" 2>/dev/null || true
    ip link delete docker0 2>/dev/null || true
    iptables -P FORWARD ACCEPT 2>/dev/null || true # where it could not be changed either
    rm -rf --one-file-system -- "$ENGINE"
    ENGINE=
}
