# shellcheck shell=bash
# Measuring: readiness by polling, CPU and memory of a process from /proc, one round of wrk. bench/http.sh sources this.

# answers PORT PATH: one try without starting a program; in a subshell, as a closed connection may end it.
answers() (
    exec 4<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf 'GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n' "$2" >&4
    IFS= read -r -t 5 -u 4 line && [[ $line == "HTTP/1.1 200"* ]]
) 2>/dev/null

# await_answer SERVICE PORT PATH: polls every 5 ms.
await_answer() {
    local deadline=$(($(now_ms) + 20000))
    until answers "$2" "$3"; do
        running "$1" || { show_log "$1"; die "$1 ended before it was ready"; }
        (($(now_ms) < deadline)) || { show_log "$1"; die "$1 was not ready within 20 s"; }
        sleep 0.005
    done
}

# time_start: start to ready of veil-api, in seconds.
time_start() {
    local begun=${EPOCHREALTIME/[.,]/}
    start_api
    await_answer api "$API_PORT" /readyz
    awk -v us=$((${EPOCHREALTIME/[.,]/} - begun)) 'BEGIN { printf "%.4f\n", us / 1e6 }'
}

# cpu_ticks PID: user and system time of all its threads.
cpu_ticks() {
    local line
    line=$(<"/proc/$1/stat")
    read -ra line <<<"${line##*) }"
    echo $((line[11] + line[12]))
}

rss_mb() { awk '$1 == "VmRSS:" { printf "%.1f\n", $2 / 1024 }' "/proc/$1/status"; }

# load PORT ROUTE SECONDS: prints "requests microseconds p99_us".
load() {
    local log=$STATE/log/wrk.log _ requests us p99 failed
    as "$(helper_user)" "BENCH_TOKEN=$TOKEN" -- taskset -c "$CLIENT_CORE" wrk -t1 -c32 -d"$3s" --timeout 5s --latency \
        -s "$STATE/wrk/wrk.lua" "http://127.0.0.1:$1/api/v1/$2" >"$log" 2>&1 || { show_log wrk; die "wrk failed"; }
    read -r _ requests us p99 failed < <(grep '^RESULT ' "$log") || { show_log wrk; die "wrk gave no result"; }
    ((requests > 0 && failed == 0)) ||
        die "$failed of $requests requests to $2 on port $1 failed: a rate with errors means nothing"
    echo "$requests $us $p99"
}

# measure TARGET PORT ROUTE SECONDS: one line for bench/report.py.
measure() {
    local pid before after result requests us p99
    pid=$(worker_of "$1")
    before=$(cpu_ticks "$pid")
    result=$(load "$2" "$3" "$4")
    after=$(cpu_ticks "$pid")
    read -r requests us p99 <<<"$result"
    awk -v route="$3" -v target="${1/#api/veil-api}" -v n="$requests" -v us="$us" -v p99="$p99" -v rss="$(rss_mb "$pid")" \
        -v cpu=$(((after - before) * (1000000 / $(getconf CLK_TCK)))) 'BEGIN {
            OFS = "\t"
            print "round", route, target, n / us * 1e6, p99 / 1000, cpu / n, cpu / us * 100, rss
        }'
}
