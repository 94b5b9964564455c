#include "recorder.hpp"

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <veil/async/jitter.hpp>
#include <veil/core/errors.hpp>
#include <veil/log/log.hpp>

namespace veil::push {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr std::size_t max_waiting = 50'000;  // beyond it, while there is no database, the oldest are lost
constexpr std::size_t max_batch = 500;
constexpr auto retry_pause = 500ms;

// Before anything else of a batch: all writers take rows in the order registrations (by jid and device_id), calls (by
// id), devices of calls, so that nobody waits in a circle. Rows: the records whose registration is there, and is ours
// until the end. One that is made after it is newer than what was pushed: touching it would be out of that order.
constexpr auto lock_registrations = R"(
SELECT x.n FROM jsonb_to_recordset($1::jsonb) AS x (n integer, jid text, device_id text)
JOIN push_registrations r ON r.jid = x.jid AND r.device_id = x.device_id
ORDER BY r.jid, r.device_id FOR UPDATE OF r)";

constexpr auto lock_calls = R"(
SELECT FROM push_calls WHERE id IN (SELECT (e ->> 'call')::bigint FROM jsonb_array_elements($1::jsonb || $2::jsonb) AS e)
ORDER BY id FOR NO KEY UPDATE)";

// One statement for a whole batch. A registration is only touched while it is the one that was pushed to, and only
// removed while nobody has registered it again. The calls' rows are locked before, so that whoever ends a call
// meanwhile either sees the device ringing or is seen here.
constexpr auto write_records = R"(
WITH x AS MATERIALIZED (
    SELECT * FROM jsonb_to_recordset($1::jsonb) AS r (
        n integer, call bigint, kind text, call_id text, jid text, device_id text, platform text, token text,
        registered_at timestamptz, provider text, attempt integer, outcome text, reason text, described text,
        environment text, remove boolean, gone_since bigint, at bigint, milliseconds integer, push_id uuid, state text,
        request_id text, held boolean)),
logged AS (
    INSERT INTO push_log (at, call_id, jid, device_id, platform, provider, kind, attempt, outcome, reason, milliseconds,
                          push_id, request_id)
    SELECT to_timestamp(at / 1000.0), call_id, jid, device_id, platform, provider, kind, attempt, outcome, reason,
           milliseconds, push_id, request_id FROM x ORDER BY n),
latest AS (
    SELECT DISTINCT ON (jid, device_id) * FROM x WHERE held AND described IS NOT NULL ORDER BY jid, device_id, n DESC),
judged AS (
    SELECT l.*, l.remove AND r.registered_at = l.registered_at
                AND (l.gone_since IS NULL OR to_timestamp(l.gone_since / 1000.0) >= r.registered_at) AS goes
    FROM latest l JOIN push_registrations r ON r.jid = l.jid AND r.device_id = l.device_id AND r.push_token = l.token),
noted AS (
    UPDATE push_registrations r
    SET last_result = j.described, last_result_at = to_timestamp(j.at / 1000.0),
        apns_environment = coalesce(j.environment, r.apns_environment)
    FROM judged j WHERE r.jid = j.jid AND r.device_id = j.device_id AND r.push_token = j.token AND NOT j.goes),
removed AS (
    DELETE FROM push_registrations r USING judged j
    WHERE j.goes AND r.jid = j.jid AND r.device_id = j.device_id AND r.push_token = j.token
      AND r.registered_at = j.registered_at),
ended AS (
    SELECT DISTINCT ON (call, device_id) * FROM x WHERE state IS NOT NULL ORDER BY call, device_id, n DESC),
moved AS (
    UPDATE push_call_devices d SET state = e.state FROM ended e
    WHERE d.call = e.call AND d.device_id = e.device_id AND d.state = 'sending' RETURNING e.n, e.call, e.state)
SELECT m.n, c.over_reason
FROM moved m JOIN push_calls c ON c.id = m.call WHERE m.state = 'rung' AND c.over_at IS NOT NULL)";

constexpr auto write_answers = R"(
UPDATE push_calls c
SET sent = x.sent, over_at = CASE WHEN x.sent = 0 THEN coalesce(c.over_at, now()) ELSE c.over_at END,
    over_reason = CASE WHEN x.sent = 0 THEN coalesce(c.over_reason, 'timeout') ELSE c.over_reason END
FROM jsonb_to_recordset($1::jsonb) AS x (call bigint, sent integer) WHERE c.id = x.call)";

constexpr auto write_webhooks = R"(
INSERT INTO push_webhooks (at, call_id, callee, request_id, kind, reason, result, devices, sent, claimed_ms, answered_ms)
SELECT to_timestamp(at / 1000.0), call_id, callee, request_id, kind, reason, result, devices, sent, claimed_ms, answered_ms
FROM jsonb_to_recordset($1::jsonb) AS x (
    at bigint, call_id text, callee text, request_id text, kind text, reason text, result text, devices integer,
    sent integer, claimed_ms integer, answered_ms integer))";

json text_or_null(std::string_view text) { return text.empty() ? json() : json(text); }

json state_name(device_state state) {
    if (state == device_state::unchanged) return {};
    return state == device_state::rung ? "rung" : "failed";
}

json as_json(const record& r, std::size_t n) {
    const bool remove = r.seen.what == result::unregistered || r.seen.what == result::bad_token;
    const bool says_nothing = r.seen.what == result::cancelled || r.seen.what == result::expired;
    return {{"n", n},
            {"call", r.call == 0 ? json() : json(r.call)},
            {"kind", name_of(r.kind)},
            {"call_id", r.call_id},
            {"jid", r.to->jid},
            {"device_id", r.to->device_id},
            {"platform", r.to->platform},
            {"token", r.to->token},
            {"registered_at", r.to->registered_at},
            {"provider", r.provider},
            {"attempt", r.attempt},
            {"outcome", name_of(r.seen.what)},
            {"reason", r.seen.reason},
            {"described", says_nothing ? json() : json(describe(r.seen))},
            {"environment", text_or_null(r.seen.environment)},
            {"remove", remove},
            {"gone_since", r.seen.gone_since ? json(*r.seen.gone_since) : json()},
            {"at", r.at},
            {"milliseconds", r.milliseconds},
            {"push_id", r.push_id},
            {"state", state_name(r.state)},
            {"request_id", r.request_id}};
}

json as_json(const webhook_record& w) {
    return {{"at", w.at},
            {"call_id", w.call_id},
            {"callee", w.callee},
            {"request_id", w.request_id},
            {"kind", name_of(w.kind)},
            {"reason", w.reason},
            {"result", w.result},
            {"devices", w.devices},
            {"sent", w.sent},
            {"claimed_ms", w.claimed_ms ? json(*w.claimed_ms) : json()},
            {"answered_ms", w.answered_ms}};
}

// Moves up to `count` elements from the front of `from`.
template <class T>
std::vector<T> take_front(std::deque<T>& from, std::size_t count) {
    std::vector<T> out;
    while (!from.empty() && out.size() < count) {
        out.push_back(std::move(from.front()));
        from.pop_front();
    }
    return out;
}

}  // namespace

recorder::recorder(boost::asio::any_io_executor executor, db::pool& database, late_ring on_late_ring)
    : database_(database), on_late_ring_(std::move(on_late_ring)), more_(executor), tasks_(executor) {}

void recorder::start() { tasks_.spawn("push records", write_forever()); }

awaitable<void> recorder::stop() {
    co_await tasks_.stop();
    try {
        while (waiting() > 0) co_await write_batch();
    } catch (const core::unavailable& error) {
        log::warn("results of {} pushes are lost: {}", records_.size(), error.what());
    }
}

void recorder::add(record what) {
    if (records_.size() >= max_waiting) records_.pop_front();
    records_.push_back(std::move(what));
    more_.notify();
}

void recorder::add(webhook_record what) {
    if (webhooks_.size() >= max_waiting) webhooks_.pop_front();
    webhooks_.push_back(std::move(what));
    more_.notify();
}

void recorder::answered(std::int64_t call, std::int64_t sent) {
    if (answers_.size() >= max_waiting) answers_.pop_front();
    answers_.push_back({call, sent});
    more_.notify();
}

awaitable<void> recorder::write_forever() {
    while (true) {
        while (waiting() == 0) co_await more_.wait();
        bool failed = false;
        try {
            co_await write_batch();
        } catch (const core::unavailable& error) {
            failed = true;
            log::warn("results of pushes wait to be written: {}", error.what());
        }
        if (failed) co_await async::pause(async::jittered(retry_pause));
    }
}

awaitable<void> recorder::write_batch() {
    auto current = take();
    std::vector<std::pair<std::size_t, std::string>> late;
    try {
        late = co_await database_.run([&](pqxx::work& tx) { return write(tx, current); });
    } catch (const core::unavailable&) {
        put_back(std::move(current));
        throw;
    } catch (const pqxx::failure& error) {  // would be refused again and hold up all others
        log::error("results of {} pushes cannot be written: {}", current.records.size(), error.what());
    }
    for (auto& [index, reason] : late) on_late_ring_(current.records[index], std::move(reason));
}

recorder::batch recorder::take() {
    return {take_front(records_, max_batch), take_front(answers_, max_batch), take_front(webhooks_, max_batch)};
}

void recorder::put_back(batch unwritten) {
    records_.insert(records_.begin(), std::make_move_iterator(unwritten.records.begin()),
                    std::make_move_iterator(unwritten.records.end()));
    answers_.insert(answers_.begin(), unwritten.answers.begin(), unwritten.answers.end());
    webhooks_.insert(webhooks_.begin(), std::make_move_iterator(unwritten.webhooks.begin()),
                     std::make_move_iterator(unwritten.webhooks.end()));
}

std::vector<std::pair<std::size_t, std::string>> recorder::write(pqxx::work& tx, const batch& b) const {
    // What a power cut takes away here is found out anew by the next push; it is not worth waiting for the disk.
    tx.exec("SET LOCAL synchronous_commit = off");
    auto records = json::array();
    for (std::size_t i = 0; i < b.records.size(); ++i) records.push_back(as_json(b.records[i], i));
    auto answers = json::array();
    for (const auto& a : b.answers) answers.push_back({{"call", a.call}, {"sent", a.sent}});
    if (!records.empty())
        for (const auto& row : tx.exec_params(lock_registrations, records.dump()))
            records.at(row[0].as<std::size_t>())["held"] = true;
    if (!records.empty() || !answers.empty()) tx.exec_params(lock_calls, records.dump(), answers.dump());
    // Then the answers: a call that was answered 0 is over for the records that follow.
    if (!answers.empty()) tx.exec_params(write_answers, answers.dump());
    if (!b.webhooks.empty()) {
        auto list = json::array();
        for (const auto& w : b.webhooks) list.push_back(as_json(w));
        tx.exec_params(write_webhooks, list.dump());
    }
    std::vector<std::pair<std::size_t, std::string>> late;
    if (b.records.empty()) return late;
    for (const auto& row : tx.exec_params(write_records, records.dump()))
        late.emplace_back(row[0].as<std::size_t>(), row[1].as<std::string>("timeout"));
    return late;
}

}  // namespace veil::push
