#include <fmt/core.h>

#include <map>
#include <pqxx/pqxx>
#include <set>
#include <veil/push/service.hpp>

#include "printable.hpp"

namespace veil::push {
namespace {

constexpr int max_rows = 2'000;  // of a table, for one call

using moments = std::multimap<std::int64_t, std::string>;  // what has happened, by Unix milliseconds

// Everything that is known of a call, by callee.
using story = std::map<std::string, moments>;

// Unix milliseconds of a timestamptz.
std::string milliseconds_of(const char* column) {
    return fmt::format("(extract(epoch FROM {}) * 1000)::bigint", column);
}

std::string in_brackets(const std::string& text) { return text.empty() ? "" : " (" + printable(text) + ")"; }

std::string devices(std::int64_t count) { return fmt::format("{} device{}", count, count == 1 ? "" : "s"); }

// Returns the callees for whom a call-notify has been answered.
std::set<std::string> read_webhooks(pqxx::work& tx, const std::string& call_id, story& into) {
    std::set<std::string> answered;
    for (const auto& row : tx.exec_params("SELECT " + milliseconds_of("at") +
                                              ", callee, request_id, kind, reason, result, devices, sent, "
                                              "claimed_ms, answered_ms FROM push_webhooks WHERE call_id = $1 "
                                              "ORDER BY at, id LIMIT $2",
                                          call_id, max_rows)) {
        const auto at = row[0].as<std::int64_t>();
        const auto callee = row[1].as<std::string>();
        const bool cancel = row[3].as<std::string>() == "cancel";
        auto& known = into[callee];
        const std::string name = cancel ? "call-cancel" : "call-notify";
        known.emplace(at, name + " came" + in_brackets(row[4].as<std::string>()) + ", request " +
                              printable(row[2].as<std::string>()));
        if (!row[8].is_null())
            known.emplace(at + row[8].as<std::int64_t>(),
                          name + (cancel ? " ends it for " : " claimed it for ") + devices(row[6].as<std::int64_t>()));
        known.emplace(at + row[9].as<std::int64_t>(),
                      fmt::format("{} answered: {}, sent {}", name, row[5].as<std::string>(), row[7].as<int>()));
        if (!cancel) answered.insert(callee);
    }
    return answered;
}

// A claim whose webhook was never answered: under way, or its process has died.
void read_open_claims(pqxx::work& tx, const std::string& call_id, const std::set<std::string>& answered, story& into) {
    for (const auto& row : tx.exec_params("SELECT " + milliseconds_of("claimed_at") +
                                              ", callee FROM push_calls WHERE call_id = $1 AND sent IS NULL LIMIT $2",
                                          call_id, max_rows)) {
        const auto callee = row[1].as<std::string>();
        if (!answered.contains(callee))
            into[callee].emplace(row[0].as<std::int64_t>(), "claimed; no answer is known (yet)");
    }
}

void read_pushes(pqxx::work& tx, const std::string& call_id, story& into) {
    for (const auto& row : tx.exec_params(
             "SELECT " + milliseconds_of("at") +
                 ", jid, kind, device_id, platform, provider, attempt, outcome, reason, milliseconds, push_id "
                 "FROM push_log WHERE call_id = $1 ORDER BY at, id LIMIT $2",
             call_id, max_rows))
        into[row[1].as<std::string>()].emplace(
            row[0].as<std::int64_t>(),
            fmt::format("{} push to {} ({}) through {}, attempt {}: {}{} after {} ms, apns-id {}",
                        row[2].as<std::string>(), printable(row[3].as<std::string>()), row[4].as<std::string>(),
                        row[5].as<std::string>(), row[6].as<int>(), row[7].as<std::string>(),
                        in_brackets(row[8].as<std::string>()), row[9].as<std::int64_t>(), row[10].as<std::string>()));
}

// 10:15:02.123 of a day, in UTC.
std::string time_of_day(std::int64_t at) {
    const auto ms = at % 86'400'000;
    return fmt::format("{:02}:{:02}:{:02}.{:03}", ms / 3'600'000, ms / 60'000 % 60, ms / 1'000 % 60, ms % 1'000);
}

std::string date_of(std::int64_t at) {
    const std::chrono::year_month_day day(std::chrono::floor<std::chrono::days>(
        std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(at))));
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                       static_cast<unsigned>(day.day()));
}

std::string timeline(const std::string& callee, const moments& known) {
    const auto begin = known.begin()->first;
    auto out = (callee.empty() ? "nobody who can be called" : callee) + ", " + date_of(begin) + " UTC\n";
    for (const auto& [at, what] : known) out += fmt::format("  {} {:>8} ms  {}\n", time_of_day(at), at - begin, what);
    return out;
}

}  // namespace

awaitable<std::optional<std::string>> trace(db::pool& database, std::string call_id) {
    const auto known = co_await database.run([&](pqxx::work& tx) {
        story found;
        const auto answered = read_webhooks(tx, call_id, found);
        read_open_claims(tx, call_id, answered, found);
        read_pushes(tx, call_id, found);
        return found;
    });
    if (known.empty()) co_return std::nullopt;
    auto out = "call " + printable(call_id) + "\n";
    for (const auto& [callee, moments] : known) out += timeline(callee, moments);
    co_return out;
}

}  // namespace veil::push
