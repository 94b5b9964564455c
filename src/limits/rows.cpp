#include "rows.hpp"

#include <pqxx/pqxx>

namespace veil::limits {
namespace {

using std::chrono::microseconds;
using std::chrono::seconds;

constexpr int prune_batch = 5'000;

// Seconds. A time further away than any rule can put it is none: the clock was set back, or the rule was another one.
// But transactions pass each other: one that began before finds what a later one wrote, ahead of its own now().
const std::string longest_wait = "900";
const std::string transactions_apart = "interval '10 seconds'";

// The wait after the failure that makes `count` of them.
std::string wait_after(const std::string& count) {
    return "(CASE WHEN " + count + " < $2 THEN now() ELSE now() + least(power(2, least(" + count + " - $2, 20)), " +
           longest_wait + ") * interval '1 second' END)";
}

}  // namespace

void forgive_a_crash(pqxx::work& tx) { tx.exec("SET LOCAL synchronous_commit = off"); }

verdict take(pqxx::work& tx, std::string_view policy, const rule& under, const std::string& key) {
    static const std::string next = "(CASE WHEN r.full_at BETWEEN now() AND now() + $3 * interval '1 microsecond' + " +
                                    transactions_apart +
                                    " THEN r.full_at ELSE now() END + $2 * interval '1 microsecond')";
    const auto rows = tx.exec_params(
        "INSERT INTO rate_limits AS r (key, full_at) VALUES ($1, now() + $2 * interval '1 microsecond') "
        "ON CONFLICT (key) DO UPDATE SET full_at = " +
            next + " WHERE " + next +
            " <= now() + $3 * interval '1 microsecond' "
            "RETURNING (extract(epoch FROM r.full_at - now()) * 1000000)::bigint",
        key, under.interval.count(), (under.interval * under.burst).count());
    if (!rows.empty()) return taken(policy, under, microseconds(rows[0][0].as<std::int64_t>()));
    const auto level = tx.exec_params1(
        "SELECT (extract(epoch FROM coalesce(max(full_at), now()) - now()) * 1000000)::bigint FROM rate_limits "
        "WHERE key = $1",
        key)[0];
    return refused(policy, under, whole_seconds(wait_at(under, microseconds(level.as<std::int64_t>()))));
}

void give_back(pqxx::work& tx, const rule& under, const std::string& key) {
    tx.exec_params("UPDATE rate_limits SET full_at = full_at - $2 * interval '1 microsecond' WHERE key = $1", key,
                   under.interval.count());
}

pair_state look_at(pqxx::work& tx, const std::string& key) {
    const auto rows =
        tx.exec_params("SELECT succeeded_at IS NOT NULL, CASE WHEN wait_until - now() <= " + longest_wait +
                           " * interval '1 second' + " + transactions_apart +
                           " THEN ceil(extract(epoch FROM greatest(wait_until - now(), interval '0')))::bigint "
                           "ELSE 0 END FROM password_failures WHERE key = $1 AND forget_at > now()",
                       key);
    if (rows.empty()) return {};
    return {.known = rows[0][0].as<bool>(), .wait = seconds(rows[0][1].as<std::int64_t>())};
}

seconds count_failure(pqxx::work& tx, const std::string& key, std::int64_t free_failures) {
    static const std::string count =
        "(CASE WHEN p.failed_at < now() - interval '1 hour' THEN 1 ELSE p.failures + 1 END)";
    const auto rows = tx.exec_params(
        "INSERT INTO password_failures AS p (key, failures, failed_at, wait_until, forget_at) "
        "VALUES ($1, 1, now(), " +
            wait_after("1") +
            ", now() + interval '1 hour') "
            "ON CONFLICT (key) DO UPDATE SET failures = " +
            count + ", failed_at = now(), wait_until = " + wait_after(count) +
            ", forget_at = greatest(p.forget_at, now() + interval '1 hour') "
            "WHERE p.wait_until <= now() OR p.wait_until > now() + " +
            longest_wait + " * interval '1 second' + " + transactions_apart + " RETURNING 1",
        key, free_failures);
    return rows.empty() ? std::max(look_at(tx, key).wait, seconds(1)) : seconds(0);
}

// Whoever had to wait is not looked at: before this failure there was no wait.
void forget_failure(pqxx::work& tx, const std::string& key) {
    tx.exec_params(
        "UPDATE password_failures SET failures = greatest(failures - 1, 0), wait_until = now() WHERE key = $1", key);
}

void remember_success(pqxx::work& tx, const std::string& key) {
    tx.exec_params(
        "INSERT INTO password_failures AS p (key, failures, failed_at, wait_until, succeeded_at, forget_at) "
        "VALUES ($1, 0, now(), now(), now(), now() + interval '30 days') "
        "ON CONFLICT (key) DO UPDATE SET failures = 0, wait_until = now(), succeeded_at = now(), "
        "forget_at = excluded.forget_at",
        key);
}

bool remove_forgotten(pqxx::work& tx) {
    const auto limit = std::to_string(prune_batch);
    const auto rates = tx.exec(
        "DELETE FROM rate_limits WHERE key IN (SELECT key FROM rate_limits WHERE full_at <= now() "
        "ORDER BY full_at LIMIT " +
        limit + " FOR UPDATE SKIP LOCKED)");
    const auto failures = tx.exec(
        "DELETE FROM password_failures WHERE key IN (SELECT key FROM password_failures WHERE forget_at <= now() "
        "ORDER BY forget_at LIMIT " +
        limit + " FOR UPDATE SKIP LOCKED)");
    return rates.affected_rows() == prune_batch || failures.affected_rows() == prune_batch;
}

}  // namespace veil::limits
