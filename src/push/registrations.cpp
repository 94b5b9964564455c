#include "registrations.hpp"

#include <pqxx/pqxx>
#include <veil/db/lock.hpp>

namespace veil::push {
namespace {

constexpr int max_devices = 20;  // an account

bool is_revoked(pqxx::work& tx, const auth::user& who) {
    return !tx.exec_params("SELECT 1 FROM token_cutoffs WHERE jid = $1 AND not_before >= $2", who.jid, who.issued_at)
                .empty();
}

void write(pqxx::work& tx, const std::string& jid, const registration& r) {
    tx.exec_params(
        "DELETE FROM push_registrations WHERE platform = $1 AND token_digest = sha256(convert_to($2, 'UTF8')) "
        "AND (jid, device_id) <> ($3, $4)",
        r.platform, r.push_token.reveal(), jid, r.device_id);
    // What is known of the old token says nothing about a new one.
    tx.exec_params(
        "INSERT INTO push_registrations AS r (jid, device_id, platform, push_token, token_digest, app_id, "
        "registered_at) VALUES ($1, $2, $3, $4, sha256(convert_to($4, 'UTF8')), $5, clock_timestamp()) ON CONFLICT "
        "(jid, device_id) DO UPDATE SET "
        "platform = excluded.platform, push_token = excluded.push_token, token_digest = excluded.token_digest, "
        "app_id = excluded.app_id, registered_at = excluded.registered_at, "
        "last_result = CASE WHEN r.push_token = excluded.push_token THEN r.last_result END, "
        "last_result_at = CASE WHEN r.push_token = excluded.push_token THEN r.last_result_at END, "
        "apns_environment = CASE WHEN r.push_token = excluded.push_token THEN r.apns_environment END",
        jid, r.device_id, r.platform, r.push_token.reveal(), r.app_id);
    tx.exec_params(
        "DELETE FROM push_registrations WHERE jid = $1 AND device_id IN (SELECT device_id FROM push_registrations "
        "WHERE jid = $1 AND device_id <> $2 ORDER BY registered_at DESC, device_id OFFSET $3)",
        jid, r.device_id, max_devices - 1);
}

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

awaitable<bool> registrations::put(auth::user who, registration wanted) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        // The same lock as changes of the account take, so that a deletion sees this registration or is seen by it.
        db::lock_until_end(tx, who.jid);
        if (is_revoked(tx, who)) return false;
        // Two accounts that register one token at once must not wait for each other's rows.
        db::lock_until_end(tx, "push token " + wanted.platform + wanted.push_token.reveal());
        write(tx, who.jid, wanted);
        return true;
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
