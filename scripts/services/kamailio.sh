# shellcheck shell=bash
# Kamailio 5.6: SIP over UDP, TCP, TLS and WebSocket. It reads accounts from the API's tables and keeps registrations there.

kamailio_user() { echo kamailio; }
kamailio_ports() { echo SIP_PORT SIP_PORT_TLS SIP_PORT_WSS; }

kamailio_addresses() {
    printf 'SIP\tudp and tcp 127.0.0.1:%s\n' "$SIP_PORT"
    printf 'SIP, TLS\t127.0.0.1:%s\n' "$SIP_PORT_TLS"
    printf 'SIP, WebSocket\twss://127.0.0.1:%s\n' "$SIP_PORT_WSS"
}

kamailio_check() {
    in_list "$SIP_SRTP" dtls sdes || die "SIP_SRTP is neither dtls nor sdes: $SIP_SRTP"
    in_list "$SIP_ALLOW_PLAIN_RTP" true false || die "SIP_ALLOW_PLAIN_RTP is neither true nor false: $SIP_ALLOW_PLAIN_RTP"
    [[ $RING_TIME =~ ^[1-9][0-9]{0,2}$ ]] || die "RING_TIME is no number of seconds: $RING_TIME"
    # It becomes part of an address.
    [[ $KAMAILIO_DB_PASSWORD =~ ^[A-Za-z0-9._~-]+$ ]] || die "KAMAILIO_DB_PASSWORD may hold letters, digits and . _ ~ - only"
}

# Its tables are the API's migrations.
kamailio_tables() {
    local found
    found=$(as "$(id -un)" "PGPASSWORD=$KAMAILIO_DB_PASSWORD" PGCONNECT_TIMEOUT=5 -- \
        psql -X -q -A -t -h "$DB_HOST" -p "$DB_PORT" -U kamailio -d "$DB_NAME" \
        -c "SELECT count(*) FROM pg_tables WHERE tablename IN ('version', 'subscriber', 'location')") ||
        die "Kamailio's database cannot be reached at $DB_HOST:$DB_PORT" "start it first: scripts/up.sh db"
    [[ $found == 3 ]] || die "Kamailio's tables are not there" "the API makes them: scripts/up.sh ejabberd api"
}

# What its keys are made of: the same after every restart and whichever secret is replaced, so that calls outlive both.
kamailio_seed() { echo "$STATE/keys/kamailio.seed"; }

# kamailio_key PURPOSE
kamailio_key() { { echo "$1"; cat -- "$(kamailio_seed)"; } | sha256sum | cut -d ' ' -f 1; }

kamailio_prepare() {
    local user file nonce_key call_key home=$STATE/kamailio host=${API_FOR_KAMAILIO:-$API_HOST}
    user=$(user_of kamailio)
    [[ $host != 0.0.0.0 ]] || host=127.0.0.1
    kamailio_check
    kamailio_tables
    own "$user" "$home"
    own "$(id -un)" "$STATE/keys"
    [[ -s $(kamailio_seed) ]] || head -c 32 /dev/urandom | base64 | put_file "$(id -un)" "$(kamailio_seed)"
    nonce_key=$(kamailio_key nonce)
    call_key=$(kamailio_key call)
    kamailio_certificates
    for file in "$ROOT"/config/kamailio/*.cfg; do put_file "$user" "$home/${file##*/}" <"$file"; done
    for file in kamailio tls; do
        SIP_DOMAIN=${SIP_DOMAIN,,} KAMAILIO_HOME=$home RTPENGINE_ADDRESS=$RTPENGINE_HOST:$RTPENGINE_NG_PORT \
            API_ADDRESS=$host:$API_PORT SIP_NONCE_KEY=$nonce_key SIP_CALL_KEY=$call_key \
            render_to "$user" "$ROOT/config/kamailio/$file.cfg.in" "$home/$file.cfg"
    done
}

kamailio_certificates() { put_pair_for "$(user_of kamailio)" "$STATE/kamailio"; }

# Connections that are open keep what they have.
kamailio_reload() {
    local answer
    answer=$(as "$(user_of kamailio)" -- timeout 10 kamcmd -s "unix:$STATE/kamailio/ctl" tls.reload) &&
        [[ $answer == *'TLS configuration reloaded'* ]]
}

kamailio_inputs() { cat -- "$STATE"/kamailio/*.cfg; }

kamailio_clear() { rm -f -- "$STATE/kamailio/ctl"; }

# Registrations end at UTC times, and the database is on this machine. INSTANCE: another number each time this is done.
kamailio_start() {
    local home=$STATE/kamailio instance=$((RANDOM << 15 | RANDOM))
    launch kamailio "$(user_of kamailio)" "$home" TZ=UTC PGSSLMODE=disable -- \
        kamailio -f "$home/kamailio.cfg" -A "INSTANCE=$instance" -DD -E -m 512 -M 8 -Y "$home" -w "$home"
}

kamailio_probe() {
    local to=sip:$LISTEN_IP:$SIP_PORT answer
    answer=$(printf '%s\r\n' "OPTIONS $to SIP/2.0" "Via: SIP/2.0/UDP $LISTEN_IP;rport;branch=z9hG4bK$RANDOM$RANDOM" \
        'Max-Forwards: 2' 'From: <sip:probe@probe.invalid>;tag=1' "To: <$to>" "Call-ID: $RANDOM$RANDOM" 'CSeq: 1 OPTIONS' \
        'Content-Length: 0' '' | udp_ask "$LISTEN_IP" "$SIP_PORT") || return 1
    [[ $answer == 'SIP/2.0 200 '* ]]
}

kamailio_provision() { :; }

kamailio_stop() { stop_service kamailio TERM 10; }
