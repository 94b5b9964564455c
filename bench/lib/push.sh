# shellcheck shell=bash
# What bench/push.sh measures with: the fake provider, the sender alone, h2load, and calls from the webhook to the wire.

# start_fake OUT: always with the same keys and on the same ports. OUT: the file for what it is sent.
start_fake() {
    local user
    user=$(helper_user)
    launch fake "$user" "$STATE/fake" -- taskset -c "$CLIENT_CORE" "$STATE/fake/veil-fake-push" \
        --folder "$STATE/fake/keys" --streams "$IN_FLIGHT" --out "$1" \
        --apns-port "$APNS_PORT" --sandbox-port "$SANDBOX_PORT" --google-port "$GOOGLE_PORT"
    await_listening fake "$APNS_PORT" "$SANDBOX_PORT" "$GOOGLE_PORT"
}

# await_listening SERVICE PORT...: without a connection, which the service would have to handle.
await_listening() {
    local deadline=$(($(now_ms) + 20000)) port busy
    while :; do
        running "$1" || { show_log "$1"; die "$1 ended before it was ready"; }
        mapfile -t busy < <(busy_ports)
        for port in "${@:2}"; do in_list "$port" "${busy[@]}" || continue 2; done && return
        (($(now_ms) < deadline)) || { show_log "$1"; die "$1 was not ready within 20 s"; }
        sleep 0.01
    done
}

# The configuration that the fake provider writes for a veil-api.
read_fake_variables() {
    local name value
    while IFS='=' read -r name value; do printf -v "$name" %s "$value"; done <"$STATE/fake/keys/veil.env"
}

# sender WORD...: the sender alone, on the server's core.
sender() {
    local names
    mapfile -t names < <(api_variables)
    as "$(user_of api)" "${names[@]}" -- timeout --foreground "$ROUND_LIMIT" \
        taskset -c "$SERVER_CORE" "$STATE/api/veil-bench-push" "$@" 2>"$STATE/log/sender.log" ||
        { show_log sender; die "the sender failed: $*"; }
}

# The same pushes for h2load: its arguments, one a line. h2load takes headers from its command line only, so the
# provider token can be seen there; its key belongs to this run and opens nothing but the fake provider.
h2load_arguments() {
    local line
    sender request "$STATE/api/request"
    while IFS= read -r line; do printf -- '-H%s\n' "$line"; done <"$STATE/api/request/headers"
    printf -- '-d%s\n' "$STATE/api/request/body"
}

# One path for each of many devices, as the sender has one for each push; h2load uses them in turn.
device_paths() {
    awk -v port="$APNS_PORT" 'BEGIN {
        for (i = 0; i < 1000; i++) printf "https://localhost:%d/3/device/%064x\n", port, i
    }'
}

# rate_line TARGET PUSHES SECONDS CPU_SECONDS[+CPU_SECONDS] FAKE_TICKS: one line for bench/push_report.py.
rate_line() {
    awk -v target="$1" -v n="$2" -v s="$3" -v times="$4" -v fake="$5" -v hz="$(getconf CLK_TCK)" 'BEGIN {
        OFS = "\t"
        for (i = split(times, part, "+"); i > 0; i--) cpu += part[i]
        print "rate", target, n / s, cpu / n * 1e6, cpu / s * 100, fake / hz / s * 100
    }'
}

measure_sender() {
    local fake before after result count took cpu
    fake=$(worker_of fake)
    before=$(cpu_ticks "$fake")
    result=$(sender rate "$PUSHES" "$IN_FLIGHT")
    after=$(cpu_ticks "$fake")
    read -r count took cpu <<<"$result"
    rate_line veil-api "$count" "$took" "$cpu" $((after - before))
}

# h2load begins with as many requests as it may before it has seen the first SETTINGS, which allow one: as they should
# be, the others of the first hundred are refused. With any other failure the rate would mean nothing.
measure_h2load() {
    local fake before after log=$STATE/log/h2load.log cpu=$STATE/log/h2load.cpu user system took accepted
    fake=$(worker_of fake)
    before=$(cpu_ticks "$fake")
    TIMEFORMAT='%3U %3S'
    { time as "$(user_of api)" -- timeout --foreground "$ROUND_LIMIT" taskset -c "$SERVER_CORE" \
        h2load -c1 -t1 -n "$PUSHES" -m "$IN_FLIGHT" -i "$STATE/api/request/paths" "${H2LOAD_ARGUMENTS[@]}" \
        >"$log" 2>&1; } 2>"$cpu" ||
        { show_log h2load; die "h2load failed"; }
    after=$(cpu_ticks "$fake")
    read -r user system <"$cpu"
    took=$(sed -n 's/^finished in \([0-9.]*m\?s\),.*/\1/p' "$log")
    accepted=$(sed -n 's/^status codes: \([0-9]*\) 2xx, 0 3xx, 0 4xx, 0 5xx$/\1/p' "$log")
    [[ $took == *ms ]] && took=$(awk -v ms="${took%ms}" 'BEGIN { print ms / 1000 }')
    if [[ ! $took || ! $accepted ]] || ((PUSHES - accepted >= 100)); then
        show_log h2load
        die "too few pushes of h2load were accepted"
    fi
    rate_line h2load "$accepted" "${took%s}" "$user+$system" $((after - before))
}

measure_queue() {
    local result before full most
    result=$(sender queue "$QUEUED")
    read -r before full most <<<"$result"
    printf 'queue\t%d\t%d\t%d\t%d\n' "$QUEUED" "$before" "$full" "$most"
}

# One device for each user, every other one an iPhone.
register_users() {
    db_as veil_owner veil "$DB_MIGRATION_PASSWORD" >/dev/null <<SQL
INSERT INTO push_registrations (jid, device_id, platform, push_token, token_digest, app_id)
SELECT 'user' || n || '@$XMPP_DOMAIN', 'phone', CASE n % 2 WHEN 0 THEN 'ios' ELSE 'android' END, token,
       sha256(convert_to(token, 'UTF8')), '$APNS_BUNDLE_ID'
FROM (SELECT n, encode(sha256(n::text::bytea), 'hex') AS token FROM generate_series(0, $USERS - 1) AS n) AS phones;
ANALYZE push_registrations;
SQL
}

# measure_calls: what the calls were like comes into STATE/load.calls; prints a line for bench/push_report.py.
measure_calls() {
    local api before after user
    user=$(helper_user)
    own "$user" "$STATE/load"
    put_file "$user" "$STATE/load/push_load.py" <"$ROOT/bench/push_load.py"
    api=$(worker_of api)
    before=$(cpu_ticks "$api")
    as "$user" WEBHOOK_SECRET PYTHONDONTWRITEBYTECODE=1 -- timeout --foreground $((CALL_SECONDS + 20)) \
        taskset -c "$CLIENT_CORE" /usr/bin/python3 "$STATE/load/push_load.py" \
        "$API_PORT" "$USERS" "$CALLS_PER_SECOND" "$CALL_SECONDS" >"$STATE/load.calls" 2>"$STATE/log/load.log" ||
        { show_log load; die "the calls could not be made"; }
    after=$(cpu_ticks "$api")
    printf 'calls\t%s\t%s\t%d\n' "$CALLS_PER_SECOND" "$(rss_mb "$api")" \
        $(((after - before) * (1000000 / $(getconf CLK_TCK))))
}
