# shellcheck shell=bash
# TCP ports of this machine, read from the kernel's tables: no package needed, no connection made.

# Ports in use by a listener that 127.0.0.1 would collide with: wildcard and 127.0.0.1, IPv4 and IPv6.
busy_ports() {
    local _ address state rest
    cat /proc/net/tcp /proc/net/tcp6 2>/dev/null | while read -r _ address _ state rest; do
        [[ $state == 0A ]] || continue
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
