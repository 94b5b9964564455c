# shellcheck shell=bash
# What scripts/deploy.sh says at its end.

show_line() { printf '    %-12s  %-10s  %-10s  %s\n' "$@"; }

# Where this machine reaches the API, or the balancer that has its port, as it is published now.
api_address() {
    local service=api found
    ! compose config --services | grep -x lb >/dev/null || service=lb
    found=$(compose port "$service" 8443 2>/dev/null) || return 1
    # An IPv6 address comes without its brackets.
    [[ ${found%:*} != *:* || $found == \[* ]] || found=[${found%:*}]:${found##*:}
    echo "$found"
}

# A line for each container, and whether the API serves; fails when something is not healthy.
health_report() {
    local service id status health since address code=0
    echo "==> the services"
    show_line service state health since
    while IFS= read -r service; do
        for id in $(compose ps -aq "$service"); do
            read -r status health since < <(docker inspect --format \
                '{{.State.Status}} {{if .State.Health}}{{.State.Health.Status}}{{else}}-{{end}} {{.State.StartedAt}}' "$id")
            show_line "$service" "$status" "$health" "${since%%.*}Z"
            [[ $status == running && $health != unhealthy && $health != starting ]] || code=1
        done
    done < <(compose config --services | sort)
    if address=$(api_address) && curl -q -s -f --noproxy '*' --max-time 10 -o /dev/null "http://$address/readyz"; then
        show_line "REST API" answers ready "$address"
    else
        show_line "REST API" "no answer" - "${address:-not published}"
        code=1
    fi
    return "$code"
}

firewall_hints() {
    local edge=${EDGE_PREFIX:-$(env_value EDGE_PREFIX)}
    cat <<TEXT
==> open in the firewall (docs/calls.md says why)
    TCP  $XMPP_PORT_STARTTLS $XMPP_PORT_TLS $XMPP_PORT_WS $XMPP_PORT_UPLOAD $SIP_PORT_TLS $SIP_PORT_WSS $TURN_PORT $TURN_PORT_TLS, and 80 while certbot is used
    UDP  $TURN_PORT $RTP_PORT_MIN-$RTP_PORT_MAX $TURN_RELAY_PORT_MIN-$TURN_RELAY_PORT_MAX
    TCP  $API_PORT only for your TLS proxy: the API speaks plain HTTP. For a proxy on this machine $VEIL_ENV_FILE needs both lines,
         without a balancer (docs/operations.md says why, and what a balancer needs):
             API_PUBLISHED=127.0.0.1:$API_PORT
             TRUSTED_PROXIES=127.0.0.1,::1,${edge:-172.31.241}.1
    none $ADMIN_PORT, the operators' listener; database and admin API are not published at all
    docker opens published ports by itself, past ufw and the INPUT chain
TEXT
}
