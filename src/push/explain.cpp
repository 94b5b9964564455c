#include <pqxx/pqxx>
#include <veil/push/service.hpp>

#include "printable.hpp"
#include "providers.hpp"

namespace veil::push {
namespace {

constexpr int shown_attempts = 10;

struct known_device {
    std::string device_id, platform, app_id, registered_at, last_result, last_result_at;
};

struct knowledge {
    std::string account;
    std::vector<known_device> devices;
    std::vector<std::string> attempts;
};

std::string read_account(pqxx::work& tx, const std::string& jid) {
    const auto rows = tx.exec_params("SELECT state FROM accounts WHERE jid = $1", jid);
    if (rows.empty()) return "unknown here (not registered, or never signed in through this API)";
    return rows[0][0].as<std::string>() == "active" ? "active" : "being deleted";
}

std::vector<known_device> read_devices(pqxx::work& tx, const std::string& jid) {
    std::vector<known_device> found;
    for (const auto& row : tx.exec_params(
             "SELECT device_id, platform, app_id, to_char(registered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), "
             "coalesce(last_result, ''), coalesce(to_char(last_result_at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), "
             "'') FROM push_registrations WHERE jid = $1 ORDER BY registered_at DESC, device_id",
             jid))
        found.emplace_back(printable(row[0].as<std::string>()), row[1].as<std::string>(),
                           printable(row[2].as<std::string>()), row[3].as<std::string>(), row[4].as<std::string>(),
                           row[5].as<std::string>());
    return found;
}

std::vector<std::string> read_attempts(pqxx::work& tx, const std::string& jid) {
    std::vector<std::string> found;
    for (const auto& row : tx.exec_params(
             "SELECT to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'), kind, call_id, device_id, provider, "
             "outcome, reason, milliseconds, attempt FROM push_log WHERE jid = $1 ORDER BY id DESC LIMIT $2",
             jid, shown_attempts)) {
        const auto reason = row[6].as<std::string>();
        found.push_back(row[0].as<std::string>() + "  " + row[1].as<std::string>() + " " +
                        printable(row[2].as<std::string>()) + " to " + printable(row[3].as<std::string>()) +
                        " through " + row[4].as<std::string>() + ": " + row[5].as<std::string>() +
                        (reason.empty() ? "" : " (" + reason + ")") + ", attempt " + row[8].as<std::string>() + ", " +
                        row[7].as<std::string>() + " ms");
    }
    return found;
}

std::string describe_device(const known_device& d, providers& by_platform) {
    const auto& chosen = by_platform.of(d.platform);
    std::string out = "  " + d.device_id + ": " + d.platform + ", app " + d.app_id + ", registered " + d.registered_at +
                      " UTC\n    last result: ";
    out += d.last_result.empty() ? "never pushed to" : d.last_result + ", " + d.last_result_at + " UTC";
    out += "\n    a call now: ";
    if (by_platform.is_off(d.platform))
        return out + "not pushed, " + d.platform + " is off: " + chosen.describe() + "\n";
    return out + "pushed through " + std::string(chosen.name()) + ", " + chosen.describe() + "\n";
}

std::string summary(const knowledge& known, providers& by_platform) {
    std::size_t reachable = 0;
    for (const auto& d : known.devices) reachable += by_platform.is_off(d.platform) ? 0 : 1;
    if (known.devices.empty())
        return "A call now wakes nobody: no device is registered (POST /api/v1/push/register).\n";
    if (reachable == 0) return "A call now wakes nobody: no device has a configured provider.\n";
    return "A call now is pushed to " + std::to_string(reachable) + " of " + std::to_string(known.devices.size()) +
           " devices.\n";
}

}  // namespace

awaitable<std::string> explain(options with, db::pool& database, const core::clock& clock, std::string jid) {
    providers by_platform(co_await boost::asio::this_coro::executor, with, database, clock);
    const auto known = co_await database.run([&](pqxx::work& tx) {
        return knowledge{read_account(tx, jid), read_devices(tx, jid), read_attempts(tx, jid)};
    });
    std::string out = jid + "\nAccount: " + known.account + "\nDevices: " + std::to_string(known.devices.size()) + "\n";
    for (const auto& d : known.devices) out += describe_device(d, by_platform);
    out += summary(known, by_platform);
    out += known.attempts.empty() ? "No push in the last seven days.\n" : "Last pushes (UTC):\n";
    for (const auto& line : known.attempts) out += "  " + line + "\n";
    co_return out;
}

}  // namespace veil::push
