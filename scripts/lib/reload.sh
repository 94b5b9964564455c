# shellcheck shell=bash
# Running services read new certificates without a restart, and without ending a connection.

# The stack of scripts/up.sh, if there is one.
reload_native() {
    local service failed=0
    find_state
    has_state && [[ -O $STATE ]] || return 0
    lock_state
    choose_services
    for service in "${CHOSEN[@]}"; do
        if declare -F "${service}_reload" >/dev/null && running "$service"; then
            "${service}_certificates"
            (renew_certificates "$service") || failed=1
        fi
    done
    ((!failed))
}

reload_containers() { :; }
