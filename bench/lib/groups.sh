# shellcheck shell=bash
# What bench/groups.sh measures with: groups made through REST, one sweep of them all, and requests with and without it.

# run_program LIMIT_SECONDS PROGRAM ARGUMENT...: one of those in STATE/load.
run_program() {
    as "$(helper_user)" PYTHONDONTWRITEBYTECODE=1 -- timeout --foreground "$1" taskset -c "$CLIENT_CORE" \
        /usr/bin/python3 "$STATE/load/$2" "${@:3}" 2>"$STATE/log/load.log" || { show_log load; die "$2 failed"; }
}

prepare_load() {
    local user name
    user=$(helper_user)
    own "$user" "$STATE/load"
    for name in groups_{client,make,load}.py; do put_file "$user" "$STATE/load/$name" <"$ROOT/bench/$name"; done
}

# start_sweeping_every SECONDS: veil-api, ready.
start_sweeping_every() {
    # shellcheck disable=SC2034 # read through its name
    GROUP_SWEEP_SECONDS=$1
    start_api
    await_answer api "$API_PORT" /readyz
}

stop_api() { stop_service api TERM 20 >/dev/null; }

owner_sql() { db_as veil_owner veil "$DB_MIGRATION_PASSWORD"; }

# ejabberd belongs to the private stack, which has a state of its own, and is never restarted.
find_ejabberd() { EJABBERD=$(STATE=$VEIL_STATE worker_of ejabberd); }

# Calls of ejabberd's admin API over the connections that are open: each is one segment, as it is written at once.
api_calls() {
    ss -H -t -n -i state established dst "127.0.0.1:$EJABBERD_API_PORT" |
        awk '{ for (i = 1; i <= NF; i++) if (sub(/^data_segs_out:/, "", $i)) calls += $i } END { print calls + 0 }'
}

# Every group counts as just compared: there is nothing to sweep before the interval is over.
put_sweep_off() { echo "UPDATE groups SET checked_at = clock_timestamp()" | owner_sql; }

# compared_since TIME: how many groups were compared with their rooms, by the database's clock.
compared_since() { echo "SELECT count(*) FROM groups WHERE checked_at > '$1'" | owner_sql; }

database_time() { echo "SELECT clock_timestamp()" | owner_sql; }

# Returns when every group has been taken up once more. As many are under way at the end as were at the begin.
await_sweep() {
    owner_sql >/dev/null <<'SQL'
SET statement_timeout = '180s';
SELECT set_config('bench.begin', clock_timestamp()::text, false);
DO $$ BEGIN
    WHILE EXISTS (SELECT FROM groups WHERE checked_at < current_setting('bench.begin')::timestamptz) LOOP
        PERFORM pg_sleep(0.02);
    END LOOP;
END $$;
SQL
}

# cpu_times: microseconds now, and what ejabberd and veil-api have used, in ticks.
cpu_times() { echo "${EPOCHREALTIME/[.,]/} $(cpu_ticks "$EJABBERD") $(cpu_ticks "$(worker_of api)")"; }

# cpu_line KIND "BEFORE" "AFTER" [CALLS]: from two cpu_times, one line for bench/groups_report.py.
cpu_line() {
    awk -v kind="$1" -v times="$2 $3" -v calls="${4:-0}" -v hz="$(getconf CLK_TCK)" 'BEGIN {
        OFS = "\t"
        split(times, t, " ")
        print kind, (t[4] - t[1]) / 1e6, (t[5] - t[2]) / hz, (t[6] - t[3]) / hz, calls
    }'
}

# When nobody wants anything.
measure_idle() {
    local before
    before=$(cpu_times)
    sleep "$IDLE_SECONDS"
    cpu_line idle "$before" "$(cpu_times)"
}

# Of all groups, while it is the only thing that veil-api does.
measure_sweep() {
    local before after calls
    calls=$(api_calls)
    before=$(cpu_times)
    await_sweep
    after=$(cpu_times)
    cpu_line sweep "$before" "$after" $(($(api_calls) - calls))
}

# measure_load WHEN ROUND: lines for bench/groups_report.py.
measure_load() {
    run_program $((LOAD_SECONDS + 30)) groups_load.py \
        "$API_PORT" "$STATE/load/known" "$LOAD_SECONDS" "$LISTS_PER_SECOND" "$CHANGES_PER_SECOND" "$@"
}

# measure_without_sweep ROUND: the interval is longer than what is done here.
measure_without_sweep() {
    local begin
    put_sweep_off
    start_sweeping_every "$LONGEST_INTERVAL"
    begin=$(database_time)
    measure_idle
    measure_load without "$1"
    [[ $(compared_since "$begin") == 0 ]] || die "a sweep began where none should be"
    stop_api
}

# measure_with_sweep ROUND: one sweep alone, then with requests.
measure_with_sweep() {
    local begin
    start_sweeping_every 1
    measure_sweep
    begin=$(database_time)
    measure_load with "$1"
    (($(compared_since "$begin") > 0)) || die "there was no sweep where one should be"
    stop_api
}
