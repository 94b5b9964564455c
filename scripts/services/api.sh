# shellcheck shell=bash
# veil-api itself. Migrations run first, as a step of their own, so that the server lives without the password of the
# role that owns the tables.

# What other services and scripts use; the server never sees it.
API_NOT_FOR_SERVER=(EJABBERD_DB_PASSWORD KAMAILIO_DB_PASSWORD EJABBERD_API_PORT XMPP_PORT_UPLOAD VEIL_STATE SIP_PORT
    SIP_SRTP SIP_ALLOW_PLAIN_RTP RTP_PORT_MIN RTP_PORT_MAX RTPENGINE_NG_PORT TURN_RELAY_PORT_MIN
    TURN_RELAY_PORT_MAX)
# Keys of push providers: the server's own copies, as its user could not read the operator's.
API_PUSH_FILES=(APNS_KEY_PATH FCM_SERVICE_ACCOUNT_PATH PUSH_CA_FILE)
API_ONLY_FOR_MIGRATION=(DB_MIGRATION_USER DB_MIGRATION_PASSWORD)

api_user() { echo veil; }
api_ports() { echo API_PORT ADMIN_PORT; }

api_addresses() {
    printf 'API\thttp://%s:%s\n' "$API_HOST" "$API_PORT"
    printf 'operators\thttp://%s:%s\n' "$ADMIN_HOST" "$ADMIN_PORT"
}

api_build() {
    local started
    started=$(now_ms)
    echo "==> building veil-api (minutes the first time; log: $STATE/log/build.log)"
    (cd -- "$ROOT" && cmake --preset release && cmake --build --preset release --target veil-api) 2>&1 |
        with_progress >"$STATE/log/build.log" || {
        show_log build
        die "the build failed"
    }
    say_since "$started" "built veil-api"
}

# Names of the set variables the server reads, one a line. What is in a file it reads from there.
api_variables() {
    local name
    for name in "${VEIL_NAMES[@]}"; do
        [[ ${!name} ]] || continue
        in_list "${name%_FILE}" "${API_NOT_FOR_SERVER[@]}" "${API_ONLY_FOR_MIGRATION[@]}" ||
            in_list "$name" "${VEIL_IN_FILE[@]}" || echo "$name"
    done
}

# Names of what the server reads from files, and again when it is told to.
api_files() {
    local name
    for name in "${VEIL_IN_FILE[@]}"; do
        in_list "$name" "${API_NOT_FOR_SERVER[@]}" "${API_ONLY_FOR_MIGRATION[@]}" || echo "$name"
    done
}

# The server runs from a copy of its own, as its user could not enter the operator's checkout. An image holds it elsewhere.
api_program() { echo "${API_PROGRAM:-$STATE/api/veil-api}"; }

api_put_program() {
    [[ ! ${API_PROGRAM:-} ]] || return 0
    put_file "$1" "$(api_program)" <"$ROOT/build/release/bin/veil-api"
    chmod 0500 "$(api_program)"
}

# The authority of ejabberd's certificate, and the certificate that clients of the others are shown, for the metrics.
api_certificates() {
    local ca=$EJABBERD_CA_FILE
    [[ $ca != certs/ca.pem ]] || ca=$VEIL_CERTS/ca.pem
    [[ $ca == /* ]] || ca=$ROOT/$ca
    put_file "$(user_of api)" "$STATE/api/ca.pem" <"$ca"
    put_file "$(user_of api)" "$STATE/api/server.pem" <"$VEIL_CERTS/server.pem"
}

api_prepare() {
    local user name path
    ! is_root || id -u veil >/dev/null 2>&1 ||
        useradd --system --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin veil
    user=$(user_of api)
    own "$user" "$STATE/api"
    api_certificates
    api_put_program "$user"
    EJABBERD_CA_FILE=$STATE/api/ca.pem
    SERVER_CERTIFICATE_FILE=${SERVER_CERTIFICATE_FILE:-$STATE/api/server.pem}
    for name in "${API_PUSH_FILES[@]}"; do
        rm -f -- "$STATE/api/$name"
        path=${!name}
        [[ -z $path || $path == /* ]] || path=$ROOT/$path
        [[ $path && -r $path ]] || continue # the server says at its start what is missing
        put_file "$user" "$STATE/api/$name" <"$path"
        printf -v "$name" %s "$STATE/api/$name"
    done
    for name in $(api_files); do
        put_file "$user" "$STATE/api/${name}_FILE" <<<"${!name}"
        printf -v "${name}_FILE" %s "$STATE/api/${name}_FILE"
    done
    [[ $AUDIT_LOG != stderr ]] || AUDIT_LOG=${AUDIT_FILE:-$STATE/api/audit.log}
}

api_inputs() {
    local name
    sha256sum <"$(api_program)"
    for name in $(api_variables); do printf '%s=%s\n' "$name" "${!name}"; done
}

# What needs no restart when it changes.
api_reloadable() {
    local name
    sha256sum <"$STATE/api/ca.pem"
    for name in "${API_PUSH_FILES[@]}"; do [[ ! -e $STATE/api/$name ]] || sha256sum <"$STATE/api/$name"; done
    for name in $(api_files); do sha256sum <"$STATE/api/${name}_FILE"; done
}

api_migrate() {
    local names
    mapfile -t names < <(api_variables)
    as "$(user_of api)" "${names[@]}" "${API_ONLY_FOR_MIGRATION[@]}" -- "$(api_program)" migrate \
        </dev/null >"$STATE/log/migrate.log" 2>&1 || { show_log migrate; die "the migrations failed"; }
}

api_start() {
    local names
    mapfile -t names < <(api_variables)
    api_migrate
    api_reloadable >"$STATE/run/api.reloadable"
    launch api "$(user_of api)" "$STATE/api" "${names[@]}" -- "$(api_program)" serve
}

api_probe() {
    local host=$API_HOST
    [[ $host != 0.0.0.0 ]] || host=127.0.0.1
    curl -q -s -f --noproxy '*' --max-time 5 -o /dev/null "http://$host:$API_PORT/readyz"
}

# Files that changed under a server that was kept running. ejabberd may be on its way to the same password.
api_provision() {
    local now deadline=$(($(now_ms) + 60000))
    now=$(api_reloadable)
    [[ $now != "$(cat -- "$STATE/run/api.reloadable" 2>/dev/null)" ]] || return 0
    until api_reload; do
        (($(now_ms) < deadline)) || die "the server refused what changed; its log says why: $STATE/log/api.log"
        sleep 2
    done
    printf '%s\n' "$now" >"$STATE/run/api.reloadable"
    echo "==> api: has read its secrets, keys and certificates again"
}

# Fails when the server refused something. With a LOG_LEVEL above info it does not say when it is done.
api_reload() {
    local known said='' tries=100
    known=$(wc -l <"$STATE/log/api.log")
    running api || die "api ended"
    kill -s HUP "$PID"
    while ((tries -= 1)) && [[ $said != *'reload: done'* ]]; do
        sleep 0.1
        said=$(tail -n "+$((known + 1))" -- "$STATE/log/api.log" | grep -F 'reload: ' || true)
    done
    [[ $said != *'is refused'* ]]
}

# It lets requests in flight end.
api_stop() { stop_service api TERM 20; }
