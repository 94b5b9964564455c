// The devices that calls wake, in PostgreSQL. Owned by the push service; I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <veil/auth/tokens.hpp>
#include <veil/db/pool.hpp>
#include <veil/push/service.hpp>

#include "provider.hpp"

namespace veil::push {

// The columns of a device, in the order that read_device expects, of a table named r.
inline constexpr const char* device_columns =
    "r.jid, r.device_id, r.platform, r.push_token, r.app_id, coalesce(r.apns_environment, ''), "
    "to_char(r.registered_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')";

device read_device(const pqxx::row& row);

class registrations {
 public:
    explicit registrations(db::pool& database) : database_(database) {}

    // Writes a registration, takes its push token away from any other, and lets the oldest go when there are too many.
    // False when the account's tokens were revoked meanwhile: it may be gone.
    awaitable<bool> put(auth::user who, registration wanted);

    // False when there was none.
    awaitable<bool> remove(std::string jid, std::string device_id);

    // Newest first.
    awaitable<std::vector<listed_device>> list(std::string jid);

    awaitable<std::optional<device>> find(std::string jid, std::string device_id);

 private:
    db::pool& database_;
};

}  // namespace veil::push
