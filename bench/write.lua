-- What wrk posts and reports, for bench/write.sh. Each line of the file BENCH_REQUESTS is a Bearer token, a tab and a
-- body; they are made into requests before the clock starts and sent in turn. One line of plain numbers comes out:
-- requests, microseconds, p50 and p99 in microseconds, failed requests.
local requests, sent = {}, 0

function init()
    for line in io.lines(os.getenv("BENCH_REQUESTS")) do
        local token, body = line:match("^([^\t]*)\t(.*)$")
        local headers = { ["Content-Type"] = "application/json" }
        if token ~= "" then headers["Authorization"] = "Bearer " .. token end
        requests[#requests + 1] = wrk.format("POST", nil, headers, body)
    end
end

function request()
    sent = sent + 1
    return requests[sent % #requests + 1]
end

function done(summary, latency)
    local e = summary.errors
    io.write(string.format("RESULT %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
        latency:percentile(99), e.connect + e.read + e.write + e.status + e.timeout))
end
