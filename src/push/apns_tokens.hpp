// Apple's provider token, one for all processes: Apple refuses more than one new token in 20 minutes for a whole team.
// It lives, encrypted, in a row that one process writes under a lock and the others read. Owned by apns; I/O thread
// only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <veil/async/semaphore.hpp>
#include <veil/core/clock.hpp>
#include <veil/core/secret.hpp>
#include <veil/crypto/sealer.hpp>
#include <veil/crypto/signing_key.hpp>
#include <veil/db/pool.hpp>

namespace veil::push {

using boost::asio::awaitable;

struct apns_key {
    crypto::signing_key key;
    std::string key_id, team_id;
};

class apns_tokens {
 public:
    apns_tokens(boost::asio::any_io_executor executor, db::pool& database, const core::clock& clock, apns_key key,
                const core::secret& sealing_secret);

    // The token to send with; from memory unless it is due to be looked at. Throws core::unavailable without a database
    // when there is none in memory that still works.
    awaitable<core::secret> current();

    // After ExpiredProviderToken for `refused`: a new one, unless another process has already made one.
    awaitable<void> replace(core::secret refused);

    // After TooManyProviderTokenUpdates for `refused`: back to the token before it, and no new one for 20 minutes.
    awaitable<void> step_back(core::secret refused);

 private:
    struct row;
    struct held {
        core::secret token;
        std::int64_t issued_at = 0;
        std::int64_t look_again_at = 0;  // Unix seconds
    };
    enum class wish { keep, replace, step_back };

    awaitable<void> refresh(wish what, core::secret refused);
    held exchange(pqxx::work& tx, wish what, const core::secret& refused) const;
    std::optional<row> read(pqxx::work& tx) const;
    void write(pqxx::work& tx, const row& r) const;
    row mint(std::int64_t issued_at, std::int64_t now, const std::optional<row>& before) const;
    core::secret open(const std::string& sealed) const;

    db::pool& database_;
    const core::clock& clock_;
    apns_key key_;
    crypto::sealer sealer_;
    async::semaphore one_at_a_time_;
    held held_;
};

}  // namespace veil::push
