#include "calls.hpp"

#include <pqxx/pqxx>
#include <veil/db/prepared.hpp>

#include "registrations.hpp"

namespace veil::push {
namespace {

// Longer than the claimer may take for its answer; after it a retransmission takes over from a process that died.
constexpr const char* lease = "now() + interval '2500 milliseconds'";

// A call is nothing that must survive a power cut, and waiting for the disk would delay it.
constexpr const char* asynchronous = "set_config('synchronous_commit', 'off', true)";

constexpr int prune_batch = 1'000;

std::vector<device> read_devices(const pqxx::result& rows, int from) {
    std::vector<device> found;
    for (const auto& row : rows)
        if (!row[from].is_null()) found.push_back(read_device(row.slice(from, row.size())));
    return found;
}

// Nothing when the call is not new, or the callee has no device. Rows: the call's id, then a device each. All writers
// take rows in the order registrations (by jid and device_id), calls, devices of calls, so that nobody waits in a
// circle; here counting takes all registrations before the call.
std::optional<claim> claim_new(pqxx::nontransaction& tx, const std::string& callee, const std::string& call_id) {
    static const std::string sql =
        std::string(
            "WITH r AS (SELECT * FROM push_registrations WHERE jid = $1 ORDER BY device_id FOR KEY SHARE), claimed AS ("
            "INSERT INTO push_calls AS c (callee, call_id, lease_until) SELECT $1, $2, ") +
        lease +
        " WHERE (SELECT count(*) FROM r) > 0 ON CONFLICT (callee, call_id) DO UPDATE SET claimed_at = now(), "
        "lease_until = excluded.lease_until, sent = NULL, over_at = NULL, over_reason = NULL "
        "WHERE c.claimed_at < now() - interval '60 seconds' RETURNING id), ringing AS ("
        "INSERT INTO push_call_devices (call, callee, device_id) SELECT claimed.id, r.jid, r.device_id "
        "FROM claimed, r ON CONFLICT (call, device_id) DO UPDATE SET state = 'sending') SELECT claimed.id, " +
        asynchronous + ", " + device_columns + " FROM claimed, r";
    const auto rows = db::exec(tx, {.name = "claim_call", .sql = sql.c_str()}, callee, call_id);
    if (rows.empty()) return std::nullopt;
    return claim{.what = claim::state::ours, .call = rows[0][0].as<std::int64_t>(), .devices = read_devices(rows, 2)};
}

// The devices that a dead claimer left unrung.
claim take_over(pqxx::work& tx, std::int64_t call) {
    const auto taken =
        tx.exec_params(std::string("UPDATE push_calls SET lease_until = ") + lease +
                           " WHERE id = $1 AND sent IS NULL AND over_at IS NULL AND lease_until < now() RETURNING id",
                       call);
    if (taken.empty()) return {.what = claim::state::busy};
    const auto rows = tx.exec_params(
        std::string("SELECT d.state, ") + device_columns +
            " FROM push_call_devices d JOIN push_registrations r ON r.jid = d.callee AND r.device_id = d.device_id "
            "WHERE d.call = $1",
        call);
    claim found{.what = claim::state::ours, .call = call};
    for (const auto& row : rows) {
        const auto state = row[0].as<std::string>();
        if (state == "sending") found.devices.push_back(read_device(row.slice(1, row.size())));
        if (state == "rung") ++found.sent;
    }
    return found;
}

claim look_up(pqxx::work& tx, const std::string& callee, const std::string& call_id) {
    const auto rows = tx.exec_params(
        "SELECT id, coalesce(sent, 0), sent IS NOT NULL OR over_at IS NOT NULL, lease_until < now() FROM push_calls "
        "WHERE callee = $1 AND call_id = $2",
        callee, call_id);
    if (rows.empty()) return {.what = claim::state::no_devices};
    if (rows[0][2].as<bool>()) return {.what = claim::state::answered, .sent = rows[0][1].as<std::int64_t>()};
    if (!rows[0][3].as<bool>()) return {.what = claim::state::busy};
    return take_over(tx, rows[0][0].as<std::int64_t>());
}

}  // namespace

awaitable<claim> calls::take(std::string callee, std::string call_id) {
    auto claimed =
        co_await database_.run_statement([&](pqxx::nontransaction& tx) { return claim_new(tx, callee, call_id); });
    if (claimed) co_return std::move(*claimed);
    co_return co_await database_.run([&](pqxx::work& tx) { return look_up(tx, callee, call_id); });
}

awaitable<claim> calls::end(std::string callee, std::string call_id, std::string reason) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        const auto held = tx.exec_params(std::string("SELECT ") + asynchronous +
                                             " FROM push_registrations WHERE jid = $1 ORDER BY device_id FOR KEY SHARE",
                                         callee);
        if (held.empty()) return claim{.what = claim::state::no_devices};
        const auto ended = tx.exec_params(
            "INSERT INTO push_calls AS c (callee, call_id, lease_until, sent, over_at, over_reason) "
            "VALUES ($1, $2, now(), 0, now(), $3) ON CONFLICT (callee, call_id) DO UPDATE SET over_at = "
            "coalesce(c.over_at, now()), "
            "over_reason = coalesce(c.over_reason, excluded.over_reason) RETURNING id, sent IS NULL AND lease_until < "
            "now()",
            callee, call_id, reason);
        // A statement of its own: it sees what was written down as rung while this one waited for the row. Devices that
        // a dead process may have rung count too; those of a living one get their cancel push when they turn out to
        // ring.
        const auto rows = tx.exec_params(
            std::string(
                "UPDATE push_call_devices d SET state = 'cancelled' FROM push_registrations r WHERE d.call = $1 "
                "AND (d.state = 'rung' OR (d.state = 'sending' AND $2)) AND r.jid = d.callee AND "
                "r.device_id = d.device_id RETURNING d.call, ") +
                device_columns,
            ended[0][0].as<std::int64_t>(), ended[0][1].as<bool>());
        return claim{
            .what = claim::state::ours, .call = ended[0][0].as<std::int64_t>(), .devices = read_devices(rows, 1)};
    });
}

awaitable<std::optional<device>> calls::still_wanted(std::int64_t call, std::string device_id) {
    co_return co_await database_.run([&](pqxx::work& tx) -> std::optional<device> {
        const auto rows = tx.exec_params(
            std::string("SELECT ") + device_columns +
                " FROM push_calls c JOIN push_call_devices d ON d.call = c.id JOIN push_registrations r ON "
                "r.jid = d.callee AND r.device_id = d.device_id WHERE c.id = $1 AND c.over_at IS NULL AND d.device_id "
                "= $2",
            call, device_id);
        if (rows.empty()) return std::nullopt;
        return read_device(rows[0]);
    });
}

// In batches; a whole one says that there may be more.
awaitable<void> calls::prune_table(std::string table, std::string column, std::string age) {
    const auto sql = "DELETE FROM " + table + " WHERE id IN (SELECT id FROM " + table + " WHERE " + column +
                     " < now() - $1::interval ORDER BY " + column + " LIMIT $2)";
    bool more = true;
    while (more)
        more = co_await database_.run([&](pqxx::work& tx) {
            // It takes rows in no order, so it is the one to give up, before PostgreSQL looks for a circle (after 1 s).
            tx.exec("SET LOCAL lock_timeout = '200ms'");
            return tx.exec_params(sql, age, prune_batch).affected_rows() == prune_batch;
        });
}

awaitable<void> calls::prune() {
    co_await prune_table("push_log", "at", "7 days");
    co_await prune_table("push_webhooks", "at", "7 days");
    co_await prune_table("push_calls", "claimed_at", "1 hour");
}

}  // namespace veil::push
