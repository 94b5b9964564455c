# shellcheck shell=bash
# What bench/overload.sh measures with: users and their requests, the peak of a route, and twice as many.

prepare_overload() {
    local user name
    user=$(helper_user)
    own "$user" "$STATE/load"
    for name in groups_client overload_make; do put_file "$user" "$STATE/load/$name.py" <"$ROOT/bench/$name.py"; done
    put_file "$user" "$STATE/load/client" <"$ROOT/build/release/bin/veil-bench-overload"
    chmod 0500 "$STATE/load/client"
    as "$user" WEBHOOK_SECRET PYTHONDONTWRITEBYTECODE=1 -- timeout --foreground 300 /usr/bin/python3 \
        "$STATE/load/overload_make.py" "$API_PORT" "$USERS" "$STATE/load" 2>"$STATE/log/load.log" ||
        { show_log load; die "the users could not be made"; }
}

# client WORD...: prints what the client prints.
client() {
    as "$(helper_user)" -- timeout --foreground $((SECONDS_EACH + 60)) taskset -c "$CLIENT_CORE" "$STATE/load/client" "$@" \
        2>"$STATE/log/load.log" || { show_log load; die "the client failed: $*"; }
}

# peak_of ROUTE: the most that is answered a second, with few and with many at once.
peak_of() {
    local at_once
    for at_once in "${PEAK_CONNECTIONS[@]}"; do client peak "$API_PORT" "$STATE/load/$1" "$at_once" "$SECONDS_EACH"; done |
        sort -n | awk -F '\t' 'END { print $1 }'
}

# measure_overload ROUTE ROUND: lines for bench/overload_report.py.
measure_overload() {
    local peak rate
    peak=$(peak_of "$1")
    rate=$(awk -v peak="$peak" -v factor="$FACTOR" 'BEGIN { printf "%d\n", peak * factor }')
    printf 'peak\t%s\t%s\t%s\n' "$1" "$2" "$peak"
    client open "$API_PORT" "$STATE/load/$1" "$MOST_CONNECTIONS" "$SECONDS_EACH" "$rate" "$STATE/load/probes" |
        awk -v route="$1" -v round="$2" -v rate="$rate" 'BEGIN { OFS = "\t" }
            { print NR == 1 ? "load" : "probe", route, round, rate, $0 }'
}
