# shellcheck shell=bash
# ejabberd 23.01, run by erl itself: one process, no epmd, no distribution port, any unprivileged user. The account the
# API uses is made or updated inside that process at every start.

EJABBERD_SCHEMA=/usr/share/ejabberd/sql/pg.sql

ejabberd_user() { echo ejabberd; }
ejabberd_ports() { echo XMPP_PORT_STARTTLS XMPP_PORT_TLS XMPP_PORT_WS XMPP_PORT_UPLOAD EJABBERD_API_PORT; }

ejabberd_addresses() {
    printf 'XMPP, STARTTLS\t127.0.0.1:%s\n' "$XMPP_PORT_STARTTLS"
    printf 'XMPP, TLS\t127.0.0.1:%s\n' "$XMPP_PORT_TLS"
    printf 'XMPP, WebSocket\twss://127.0.0.1:%s/ws\n' "$XMPP_PORT_WS"
    printf 'file upload\thttps://127.0.0.1:%s/upload\n' "$XMPP_PORT_UPLOAD"
    printf 'ejabberd admin API\thttps://127.0.0.1:%s/api\n' "$EJABBERD_API_PORT"
}

# psql as the role ejabberd, which owns its database.
ejabberd_sql() {
    as "$(id -un)" "PGPASSWORD=$EJABBERD_DB_PASSWORD" PGCONNECT_TIMEOUT=5 PGOPTIONS=--client-min-messages=warning -- \
        psql -X -q -A -t -v ON_ERROR_STOP=1 -h "$DB_HOST" -p "$DB_PORT" -U ejabberd -d ejabberd "$@"
}

ejabberd_schema() {
    local found
    found=$(ejabberd_sql -c "SELECT to_regclass('public.users') IS NOT NULL") ||
        die "ejabberd's database cannot be reached at $DB_HOST:$DB_PORT" "start it first: scripts/up.sh db"
    [[ $found == t ]] || ejabberd_sql --single-transaction -f - <"$EJABBERD_SCHEMA" >/dev/null ||
        die "ejabberd's schema could not be loaded"
}

ejabberd_prepare() {
    local user home=$STATE/ejabberd uploads folder
    user=$(user_of ejabberd)
    uploads=${UPLOADS:-$home/upload}
    for folder in "$home" "$home/spool" "$home/log" "$uploads"; do own "$user" "$folder"; done
    ejabberd_certificates
    EJABBERD_HOME=$home UPLOADS=$uploads render_to "$user" "$ROOT/config/ejabberd/ejabberd.yml.in" "$home/ejabberd.yml"
    ejabberd_schema
}

# Each has a name of its own: of two that it ever read from one file, ejabberd goes on using the one that lasts longer.
ejabberd_certificates() {
    local name file kept=() home=$STATE/ejabberd
    for name in server internal; do
        file=$name-$(cat -- "$VEIL_CERTS/$name.pem" "$VEIL_CERTS/$name.key" | sha256sum | cut -c 1-16).pem
        put_file "$(user_of ejabberd)" "$home/$file" < <(cat -- "$VEIL_CERTS/$name.pem" "$VEIL_CERTS/$name.key")
        kept+=(! -name "$file")
    done
    find "$home" -maxdepth 1 -name '*.pem' "${kept[@]}" -delete
}

# It reads its configuration too, as it was written at the last start.
ejabberd_reload() { [[ $(ejabberd_ask reload_config '{}') == 0 ]]; }

ejabberd_inputs() {
    cat -- "$STATE/ejabberd/ejabberd.yml"
    echo "$EJABBERD_API_USER $EJABBERD_API_PASSWORD"
    ejabberd_log_filter
    ejabberd_account
}

# Runs before ejabberd: crash reports of its database driver show the driver's state, password included.
ejabberd_log_filter() {
    cat <<'ERLANG'
Secret = unicode:characters_to_binary(os:getenv("EJABBERD_DB_PASSWORD")),
os:unsetenv("EJABBERD_DB_PASSWORD"),
Hide = fun(#{level := Level} = Event, _) when Level =:= error; Level =:= critical; Level =:= alert; Level =:= emergency ->
        Text = logger_formatter:format(Event, #{template => [msg], single_line => true}),
        Clean = binary:replace(unicode:characters_to_binary(Text), Secret, <<"***">>, [global]),
        Event#{msg := {string, Clean}};
    (Event, _) -> Event
end,
ok = logger:add_primary_filter(hide_database_password, {Hide, none}).
ERLANG
}

# set_password makes the account when it is missing; it fails while the database does, hence the loop.
ejabberd_account() {
    cat <<'ERLANG'
Take = fun(Name) -> unicode:characters_to_binary(os:getenv(Name)) end,
User = Take("EJABBERD_API_USER"), Domain = Take("XMPP_DOMAIN"), Password = Take("EJABBERD_API_PASSWORD"),
os:unsetenv("EJABBERD_API_PASSWORD"),
Set = fun Again() ->
    case catch ejabberd_auth:set_password(User, Domain, Password) of
        ok -> ok;
        _ -> timer:sleep(1000), Again()
    end
end,
spawn(Set).
ERLANG
}

# Debian has its modules in a folder that is named after the kind of processor.
ejabberd_start() {
    local home=$STATE/ejabberd modules=(/usr/lib/*/ejabberd-*)
    launch ejabberd "$(user_of ejabberd)" "$home/spool" \
        EJABBERD_CONFIG_PATH="$home/ejabberd.yml" EJABBERD_LOG_PATH="$home/log/ejabberd.log" \
        ERL_LIBS="${modules[0]%/*}" ERL_MAX_ETS_TABLES=2053 ERL_CRASH_DUMP_BYTES=0 \
        XMPP_DOMAIN EJABBERD_API_USER EJABBERD_API_PASSWORD EJABBERD_DB_PASSWORD -- \
        erl -noinput +K true +P 250000 -mnesia dir "\"$home/spool\"" \
        -eval "$(ejabberd_log_filter)" -s ejabberd -eval "$(ejabberd_account)"
}

# ejabberd_ask COMMAND JSON: of the admin API. The password reaches curl on standard input.
ejabberd_ask() {
    local password=${EJABBERD_API_PASSWORD//\\/\\\\}
    printf 'user = "%s@%s:%s"\n' "$EJABBERD_API_USER" "$XMPP_DOMAIN" "${password//\"/\\\"}" |
        curl -q -4 -s -f --noproxy '*' --max-time 5 --cacert "$VEIL_CERTS/ca.pem" --config - \
            -d "$2" "https://$EJABBERD_API_NAME:$EJABBERD_API_PORT/api/$1"
}

# Serves the admin API with the right certificate, knows the API's account and reads it from the database.
ejabberd_probe() {
    local answer
    answer=$(ejabberd_ask stats '{"name":"registeredusers"}') && [[ $answer =~ ^\{\"stat\":[1-9][0-9]*\}$ ]]
}

ejabberd_provision() { :; }

ejabberd_stop() { stop_service ejabberd TERM 20; }
