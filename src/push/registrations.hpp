// The devices that calls wake, in PostgreSQL. Owned by the push service; I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <veil/auth/tokens.hpp>
#include <veil/db/group_commit.hpp>
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
    registrations(boost::asio::any_io_executor executor, db::pool& database);

    // Writes a registration, takes its push token away from any other, and lets the oldest go when there are too many.
    // False when the account's tokens were revoked meanwhile: it may be gone. Registrations that come together share a
    // transaction; those of one account are written in the order in which they came.
    awaitable<bool> put(auth::user who, registration wanted);

    // Waits for the registrations under way. No put() may start after it.
    awaitable<void> stop() { return puts_.stop(); }

    // False when there was none.
    awaitable<bool> remove(std::string jid, std::string device_id);

    // Newest first.
    awaitable<std::vector<listed_device>> list(std::string jid);

    awaitable<std::optional<device>> find(std::string jid, std::string device_id);

 private:
    struct wanted_row {
        auth::user who;
        registration what;
    };
    using puts = db::group_commit<wanted_row, bool>;

    awaitable<puts::results> put_together(std::vector<const wanted_row*> rows);
    awaitable<bool> put_alone(const wanted_row& row);

    db::pool& database_;
    puts puts_;
};

}  // namespace veil::push
