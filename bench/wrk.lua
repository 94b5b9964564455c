-- What wrk sends and reports: the Bearer token comes from the environment, so that no command line holds it, and one
-- line of plain numbers comes out: requests, microseconds, p99 in microseconds, failed requests.
local token = os.getenv("BENCH_TOKEN")
if token then wrk.headers["Authorization"] = "Bearer " .. token end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format("RESULT %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
