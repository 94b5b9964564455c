# shellcheck shell=bash
# Is this machine one that scripts/deploy.sh can install on? Each check is a line "word<tab>subject<tab>what was found"; word is
# good, note, or bad, which stops the installation.

LEAST_MEMORY_MB=1800 GOOD_MEMORY_MB=3800 LEAST_DISK_MB=6000 GOOD_DISK_MB=20000

check() { printf '%s\t%s\t%s\n' "$1" "$2" "$3"; }

check_system() {
    local name
    name=$(sed -n 's/^PRETTY_NAME="\(.*\)"$/\1/p' /etc/os-release)
    case $(uname -sm) in
        'Linux x86_64' | 'Linux aarch64') check good system "$name, $(uname -m)" ;;
        *) check bad system "$(uname -sm): the images are for Linux on x86_64 and aarch64" ;;
    esac
    is_root || [[ $(id -Gn) == *docker* ]] || check note user "$(id -un) is neither root nor in the group docker"
}

# check_amount SUBJECT FOUND LEAST GOOD TEXT
check_amount() {
    if (($2 < $3)); then
        check bad "$1" "$5: too little"
    elif (($2 < $4)); then
        check note "$1" "$5: enough to try it, not for many users"
    else
        check good "$1" "$5"
    fi
}

check_sizes() {
    local memory disk cores folder
    cores=$(nproc)
    memory=$(awk '/^MemTotal:/ { print int($2 / 1024) }' /proc/meminfo)
    folder=$(existing_parent "$(docker info --format '{{.DockerRootDir}}' 2>/dev/null || echo /var/lib/docker)")
    disk=$(df -Pm -- "$folder" | awk 'NR == 2 { print $4 }')
    check_amount processors "$cores" 1 2 "$cores"
    check_amount memory "$memory" "$LEAST_MEMORY_MB" "$GOOD_MEMORY_MB" "$memory MB"
    check_amount disk "$disk" "$LEAST_DISK_MB" "$GOOD_DISK_MB" "$disk MB free for $folder"
}

check_docker() {
    local version
    if ! has_compose; then
        check note docker "not here: docker.io and the compose plugin will be installed from Debian"
    elif version=$(docker info --format '{{.ServerVersion}}' 2>/dev/null) && [[ $version ]]; then
        check good docker "engine $version, compose $(docker compose version --short)"
    else
        check bad docker "the engine does not answer $(id -un); start it: systemctl start docker"
    fi
}

# Published ports must be free, unless it is our containers that have them.
check_ports() {
    local name busy taken=() port
    if has_compose && [[ $(container_services running) ]]; then
        check good ports "the stack has them"
        return 0
    fi
    mapfile -t busy < <(busy_ports)
    for name in API_PORT ADMIN_PORT XMPP_PORT_{STARTTLS,TLS,WS,UPLOAD} SIP_PORT{,_TLS,_WSS} TURN_PORT{,_TLS}; do
        ! in_list "${!name}" "${busy[@]}" || taken+=("$name=${!name}")
    done
    for port in $(seq "$RTP_PORT_MIN" "$RTP_PORT_MAX") $(seq "$TURN_RELAY_PORT_MIN" "$TURN_RELAY_PORT_MAX"); do
        ! in_list "$port" "${busy[@]}" || taken+=("$port for media")
    done
    if ((${#taken[@]})); then
        check bad ports "taken by another process: ${taken[*]}"
    else
        check good ports "all free"
    fi
}

check_names() {
    local name why
    while IFS= read -r name; do
        if why=$(leads_here "$name"); then check good name "$name leads here"; else check note name "$why"; fi
    done < <(client_names)
}

check_machine() {
    check_system
    check_sizes
    check_docker
    check_ports
    check_names
}

# The address this machine sends from; nothing is sent.
guess_address() { ip -4 route get 192.0.2.1 2>/dev/null | sed -n 's/.* src \([0-9.]*\).*/\1/p' | head -n 1; }
