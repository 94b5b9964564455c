# shellcheck shell=bash
# Ports of this machine, read from the kernel's tables: no package needed, no connection made.

# Ports that 127.0.0.1 would collide on, TCP (listening) and UDP: of the wildcard and 127.0.0.1, IPv4 and IPv6.
busy_ports() {
    local _ address state rest
    cat /proc/net/{tcp,tcp6,udp,udp6} 2>/dev/null | while read -r _ address _ state rest; do
        [[ $state == 0A || $state == 07 ]] || continue
        case ${address%:*} in
            00000000 | 0100007F | 00000000000000000000000000000000 | 0000000000000000FFFF00000100007F)
                echo $((16#${address##*:}))
                ;;
        esac
    done
}

# demand_ports VARIABLE...: ends with a clear message when one of them is taken, or named twice.
demand_ports() {
    local name busy seen=()
    mapfile -t busy < <(busy_ports)
    for name in "$@"; do
        ! in_list "${!name}" "${busy[@]}" || die "port ${!name} ($name) is taken by another process" \
            "free it, or choose another one: set $name in the environment or in $VEIL_ENV_FILE"
        ! in_list "${!name}" "${seen[@]}" || die "port ${!name} ($name) is already another port of the same service"
        seen+=("${!name}")
    done
}

# demand_range FIRST LAST N: two variables that must name a range of at least N ports.
demand_range() {
    ((${!1} && ${!2} - ${!1} + 1 >= $3)) || die "$1 to $2 must be a range of $3 ports or more: ${!1} to ${!2}"
}

# free_ports N: N free ports below the range that outgoing connections take theirs from.
free_ports() {
    local port busy found=0
    mapfile -t busy < <(busy_ports)
    port=$((20000 + RANDOM % 11000))
    while ((found < $1)); do
        port=$((port + 1))
        in_list "$port" "${busy[@]}" && continue
        echo "$port"
        found=$((found + 1))
    done
}
