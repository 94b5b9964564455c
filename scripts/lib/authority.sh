# shellcheck shell=bash
# A certificate of a public authority (Let's Encrypt, RFC 8555) through Debian's certbot, which shows that the names are ours
# over HTTP on port 80 and renews by itself twice a day. Whatever goes wrong is said, and leaves what is there.

# Where certbot keeps what it got.
LETSENCRYPT=${VEIL_LETSENCRYPT:-/etc/letsencrypt}
CERTBOT_SECONDS=300

lineage() { if ((STAGING)); then echo veil-staging; else echo veil; fi; }

# Addresses this machine is reached at: its own ones, and the one clients are told, which a NAT may hold.
own_addresses() {
    hostname -I 2>/dev/null | tr ' ' '\n' | sed '/^$/d'
    [[ $SERVER_IP == 127.* ]] || printf '%s\n' "$SERVER_IP"
}

# What the DNS says. /etc/hosts is not asked: Debian's installer writes the machine's own name into it.
addresses_of() { { getent -s dns ahosts "$1" || true; } | awk '{ print $1 }' | sort -u; }

# leads_here NAME: prints why not, if it does not. An authority may use any of the addresses.
leads_here() {
    local name=$1 address found own
    mapfile -t found < <(addresses_of "$name")
    mapfile -t own < <(own_addresses)
    if ((${#found[@]} == 0)); then
        echo "$name has no address in the DNS"
        return 1
    fi
    for address in "${found[@]}"; do
        in_list "$address" "${own[@]}" || {
            echo "$name leads to $address, which is not this machine (${own[*]})"
            return 1
        }
    done
}

# Sets NAMES to those a certificate can be had for; fails when a needed one does not lead here.
choose_names() {
    local name why bad=0
    NAMES=()
    while IFS= read -r name; do
        if why=$(leads_here "$name"); then
            NAMES+=("$name")
        else
            echo "note: no public certificate: $why" >&2
            bad=1
        fi
    done < <(client_names)
    while IFS= read -r name; do
        in_list "$name" "${NAMES[@]}" || ! leads_here "$name" >/dev/null || NAMES+=("$name")
    done < <(host_names)
    ((!bad))
}

# What certbot runs after each renewal. It knows nothing of this environment.
renewal_hook() {
    printf 'env VEIL_ENV_FILE=%q VEIL_CERTS=%q VEIL_LETSENCRYPT=%q' "$VEIL_ENV_FILE" "$VEIL_CERTS" "$LETSENCRYPT"
    [[ ! ${COMPOSE_PROJECT_NAME:-} ]] || printf ' COMPOSE_PROJECT_NAME=%q' "$COMPOSE_PROJECT_NAME"
    printf ' VEIL_STATE=%q %q --renewed' "$VEIL_STATE" "$ROOT/scripts/setup-certs.sh"
}

# certbot keeps the hook and renews what it has, a try too: that one must never come back.
certbot_arguments() {
    local name
    printf '%s\n' certonly --non-interactive --agree-tos --keep-until-expiring --cert-name "$(lineage)" --config-dir "$LETSENCRYPT"
    ((STAGING)) || printf '%s\n' --deploy-hook "$(renewal_hook)"
    [[ $LETSENCRYPT == /etc/letsencrypt ]] || printf '%s\n' --work-dir "$LETSENCRYPT/work" --logs-dir "$LETSENCRYPT/logs"
    if [[ $EMAIL == none ]]; then echo --register-unsafely-without-email; else printf '%s\n' --email "$EMAIL"; fi
    if [[ $WEBROOT ]]; then printf '%s\n' --webroot --webroot-path "$WEBROOT"; else echo --standalone; fi
    ((!STAGING)) || echo --staging
    [[ ! $ACME_SERVER ]] || printf '%s\n' --server "$ACME_SERVER"
    for name in "${NAMES[@]}"; do printf '%s\n' --domain "$name"; done
}

start_renewals() {
    [[ ! -d /run/systemd/system || ! -e /lib/systemd/system/certbot.timer ]] || systemctl --quiet enable --now certbot.timer ||
        echo "note: certbot.timer does not run: the certificate will not be renewed by itself" >&2
}

# Gets a certificate, or finds that the one there lasts. Fails with a word about why.
ask_authority() {
    local arguments log code=0
    choose_names || return 1
    command -v certbot >/dev/null || (install_for certbot) || return 1
    mapfile -t arguments < <(certbot_arguments)
    log=$(mktemp)
    timeout "$CERTBOT_SECONDS" certbot "${arguments[@]}" </dev/null >"$log" 2>&1 || code=$?
    if ((code)); then
        tail -n 12 -- "$log" | sed 's/^/    /' >&2
        rm -f -- "$log"
        ((code != 124)) || echo "    it took more than $CERTBOT_SECONDS s" >&2
        echo "note: no public certificate: certbot failed for ${NAMES[*]} (its words are above)" >&2
        return 1
    fi
    rm -f -- "$log"
    start_renewals
}

# Signed by Let's Encrypt's test authority, which says so in its name.
is_a_try() { openssl x509 -in "$1" -noout -issuer | grep -q STAGING; }

# Takes over what certbot got; a try takes the place of nothing that clients may trust. The key leaves certbot's folder only
# into files of 0600.
take_public() {
    local from
    from=$LETSENCRYPT/live/$(lineage)
    if ! serves_clients "$from/fullchain.pem" "$from/privkey.pem"; then
        echo "note: what certbot has in $from is not for our names, or of no use" >&2
        return 1
    fi
    if ((STAGING)) && [[ -s server.pem ]] && ! is_ours server.pem && ! is_a_try server.pem; then
        echo "note: the test authority gave a certificate; the one from elsewhere that clients see stays" >&2
        return 1
    fi
    ! cmp -s -- "$from/fullchain.pem" server.pem || ! cmp -s -- "$from/privkey.pem" server.key || return 0
    # shellcheck disable=SC2154 # setup-certs.sh has it
    cat -- "$from/fullchain.pem" >"$draft/server.pem"
    cat -- "$from/privkey.pem" >"$draft/server.key"
    put_pair server
    MADE+=("the server certificate, of a public authority,")
}
