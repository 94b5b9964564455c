# shellcheck shell=bash
# What bench/write.sh measures with: requests from a file, pgbench, and the CPU time of servers and database.

# The requests, the program that makes them, and what wrk and pgbench are told.
prepare_load() {
    local user name
    user=$(helper_user)
    own "$user" "$STATE/load"
    for name in write.lua write_make.py groups_client.py write_same.sql write_plain.sql; do
        put_file "$user" "$STATE/load/$name" <"$ROOT/bench/$name"
    done
    put_file "$user" "$STATE/load/ca.pem" <"$VEIL_CERTS/ca.pem"
    as "$user" XMPP_DOMAIN JWT_SECRET EJABBERD_API_USER EJABBERD_API_PASSWORD PYTHONDONTWRITEBYTECODE=1 -- \
        timeout --foreground 120 /usr/bin/python3 "$STATE/load/write_make.py" "$API_PORT" "$EJABBERD_API_PORT" \
        "$STATE/load/ca.pem" "$ROWS" "$LOGINS" "$STATE/load" 2>"$STATE/log/make.log" ||
        { show_log make; die "the requests could not be made"; }
}

owner_sql() { db_as veil_owner veil "$DB_MIGRATION_PASSWORD"; }

# Every transaction that wrote something has taken a number.
writing_transactions() { echo "SELECT pg_snapshot_xmax(pg_current_snapshot())" | owner_sql; }

# Database and ejabberd belong to the private stack, which has a state of its own, and are never restarted.
find_stack() { DATABASE=$(STATE=$VEIL_STATE worker_of db) EJABBERD=$(STATE=$VEIL_STATE worker_of ejabberd); }

# Ticks of the database: of the processes that live, and of those that have ended.
database_ticks() {
    local child line sum
    line=$(<"/proc/$DATABASE/stat")
    read -ra line <<<"${line##*) }"
    sum=$((line[11] + line[12] + line[13] + line[14]))
    while read -r child _; do
        [[ $child == "$DATABASE" ]] || sum=$((sum + $(cpu_ticks "$child")))
    done < <(family "$DATABASE")
    echo "$sum"
}

# usage KIND TARGET: transactions, ticks of the server and ticks of what is behind it. pgbench is no server.
usage() {
    local server=0 other
    case $2 in
        api | login) server=$(cpu_ticks "$(worker_of api)") ;;
        fastapi) server=$(cpu_ticks "$(worker_of fastapi)") ;;
    esac
    if [[ $1 == write ]]; then other=$(database_ticks); else other=$(cpu_ticks "$EJABBERD"); fi
    echo "$(writing_transactions) $server $other"
}

# post_load URL FILE SECONDS: prints "requests microseconds p50_us p99_us".
post_load() {
    local log=$STATE/log/wrk.log _ requests us p50 p99 failed
    as "$(helper_user)" "BENCH_REQUESTS=$STATE/load/$2" -- taskset -c "$CLIENT_CORE" wrk -t1 -c"$CLIENTS" -d"$3s" \
        --timeout 5s --latency -s "$STATE/load/write.lua" "$1" >"$log" 2>&1 || { show_log wrk; die "wrk failed"; }
    read -r _ requests us p50 p99 failed < <(grep '^RESULT ' "$log") || { show_log wrk; die "wrk gave no result"; }
    ((requests > 0 && failed == 0)) || die "$failed of $requests requests to $1 failed: a rate with errors means nothing"
    echo "$requests $us $p50 $p99"
}

# load_pgbench STATEMENT SECONDS: prints the same. Its log has the microseconds of a transaction in the third column.
load_pgbench() {
    local log=$STATE/log/pgbench.log count rate
    rm -f -- "$STATE"/load/times.*
    as "$(helper_user)" "PGPASSWORD=$DB_PASSWORD" -- taskset -c "$CLIENT_CORE" "$DB_BIN/pgbench" -n -M prepared \
        -c "$CONNECTIONS" -j 2 -T "$2" -h 127.0.0.1 -p "$DB_PORT" -U veil -D domain="$XMPP_DOMAIN" \
        -D issued_at="$(date +%s)" -f "$STATE/load/write_$1.sql" --log --log-prefix="$STATE/load/times" veil \
        >"$log" 2>&1 || { show_log pgbench; die "pgbench failed"; }
    count=$(sed -n 's/^number of transactions actually processed: //p' "$log")
    rate=$(sed -n 's/^tps = \([0-9.]*\) .*/\1/p' "$log")
    cat "$STATE"/load/times.* | sort -n -k3,3 | awk -v n="$count" -v rate="$rate" '
        { time[NR] = $3 }
        END { printf "%d %d %d %d\n", n, n / rate * 1e6, time[int(NR * 0.5) + 1], time[int(NR * 0.99) + 1] }'
}

# load_target TARGET SECONDS
load_target() {
    case $1 in
        api) post_load "http://127.0.0.1:$API_PORT/api/v1/push/register" devices "$2" ;;
        fastapi) post_load "http://127.0.0.1:$FASTAPI_PORT/api/v1/push/register" devices "$2" ;;
        login) post_load "http://127.0.0.1:$API_PORT/api/v1/account/login" logins "$2" ;;
        check) post_load "https://127.0.0.1:$EJABBERD_API_PORT/api/check_password" checks "$2" ;;
        *) load_pgbench "$1" "$2" ;;
    esac
}

# measure_load KIND TARGET SECONDS: one line for bench/write_report.py.
measure_load() {
    local before after result
    before=$(usage "$1" "$2")
    result=$(load_target "$2" "$3")
    after=$(usage "$1" "$2")
    awk -v kind="$1" -v target="$2" -v values="$before $after $result" -v hz="$(getconf CLK_TCK)" 'BEGIN {
        OFS = "\t"
        split(values, v, " ")
        n = v[7]; seconds = v[8] / 1e6; tick = 1e6 / hz
        print kind, target, n / seconds, v[9] / 1000, v[10] / 1000, (v[4] - v[1]) / seconds, (v[5] - v[2]) * tick / n,
              (v[6] - v[3]) * tick / n
    }'
}
