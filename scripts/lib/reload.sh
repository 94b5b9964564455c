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

# Containers, if there are any: what clients see goes into their volume if it is not of our own authority, which they have
# themselves; also while nothing runs, or while ejabberd cannot start with the one it has. Who runs takes its own copy.
reload_containers() {
    local service running failed=0
    [[ -e $ROOT/docker-compose.yml && -e $VEIL_ENV_FILE ]] && has_compose && has_volumes || return 0
    is_ours server.pem || put_server_certificate
    mapfile -t running < <(container_services running)
    for service in ejabberd kamailio coturn; do
        ! in_list "$service" "${running[@]}" ||
            compose exec -T "$service" bash -s "$service" <"$ROOT/scripts/lib/reload-inside.sh" || failed=1
    done
    ((!failed))
}
