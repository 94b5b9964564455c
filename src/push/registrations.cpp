#include "registrations.hpp"

#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <veil/db/prepared.hpp>

namespace veil::push {
namespace {

using nlohmann::json;

// Both are told "registered", "revoked" or, the first one only, "busy" (sql/008_register_device.sql).
constexpr db::prepared register_together{
    "register_together",
    "SELECT n, register_device(jid, issued_at, device_id, platform, push_token, app_id, false) FROM "
    "jsonb_to_recordset($1::jsonb) AS x (n integer, jid text, issued_at bigint, device_id text, platform text, "
    "push_token text, app_id text)"};
constexpr db::prepared register_alone{"register_alone", "SELECT register_device($1, $2, $3, $4, $5, $6, true)"};

}  // namespace

device read_device(const pqxx::row& row) {
    return {.jid = row[0].as<std::string>(),
            .device_id = row[1].as<std::string>(),
            .platform = row[2].as<std::string>(),
            .token = row[3].as<std::string>(),
            .app_id = row[4].as<std::string>(),
            .environment = row[5].as<std::string>(),
            .registered_at = row[6].as<std::string>()};
}

registrations::registrations(boost::asio::any_io_executor executor, db::pool& database)
    : database_(database),
      puts_(std::move(executor), {.key = [](const wanted_row& row) { return row.who.jid; },
                                  .together = [this](auto rows) { return put_together(std::move(rows)); },
                                  .alone = [this](const wanted_row& row) { return put_alone(row); }}) {}

awaitable<bool> registrations::put(auth::user who, registration wanted) {
    return puts_.write({std::move(who), std::move(wanted)});
}

awaitable<registrations::puts::results> registrations::put_together(std::vector<const wanted_row*> rows) {
    co_return co_await database_.run_statement([&](pqxx::nontransaction& tx) {
        auto list = json::array();
        for (const auto* row : rows)
            list.push_back({{"n", list.size()},
                            {"jid", row->who.jid},
                            {"issued_at", row->who.issued_at},
                            {"device_id", row->what.device_id},
                            {"platform", row->what.platform},
                            {"push_token", row->what.push_token.reveal()},
                            {"app_id", row->what.app_id}});
        puts::results outcome(rows.size());
        for (const auto& row : db::exec(tx, register_together, list.dump())) {
            const auto word = row[1].as<std::string>();
            if (word != "busy") outcome.at(row[0].as<std::size_t>()) = word == "registered";
        }
        return outcome;
    });
}

awaitable<bool> registrations::put_alone(const wanted_row& row) {
    co_return co_await database_.run_statement([&](pqxx::nontransaction& tx) {
        const auto& [who, what] = row;
        return db::exec(tx, register_alone, who.jid, who.issued_at, what.device_id, what.platform,
                        what.push_token.reveal(), what.app_id)[0][0]
                   .as<std::string>() == "registered";
    });
}

awaitable<bool> registrations::remove(std::string jid, std::string device_id) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        return tx.exec_params("DELETE FROM push_registrations WHERE jid = $1 AND device_id = $2", jid, device_id)
                   .affected_rows() > 0;
    });
}

awaitable<std::vector<listed_device>> registrations::list(std::string jid) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        std::vector<listed_device> found;
        for (const auto& row :
             tx.exec_params("SELECT device_id, platform, app_id, to_char(registered_at AT TIME ZONE 'UTC', "
                            "'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'), last_result FROM push_registrations WHERE jid = $1 "
                            "ORDER BY registered_at DESC, device_id",
                            jid)) {
            auto& next = found.emplace_back(row[0].as<std::string>(), row[1].as<std::string>(),
                                            row[2].as<std::string>(), row[3].as<std::string>());
            if (!row[4].is_null()) next.last_result = row[4].as<std::string>();
        }
        return found;
    });
}

awaitable<std::optional<device>> registrations::find(std::string jid, std::string device_id) {
    co_return co_await database_.run([&](pqxx::work& tx) -> std::optional<device> {
        const auto rows = tx.exec_params(std::string("SELECT ") + device_columns +
                                             " FROM push_registrations r WHERE r.jid = $1 AND r.device_id = $2",
                                         jid, device_id);
        if (rows.empty()) return std::nullopt;
        return read_device(rows[0]);
    });
}

}  // namespace veil::push
