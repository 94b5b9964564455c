// Apple's provider token, one for all processes: Apple refuses more than one new token in 20 minutes for a whole team.
// It lives, encrypted, in a row that one process writes under a lock and the others read. Owned by apns; I/O thread
// only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <veil/async/semaphore.hpp>
#include <veil/core/clock.hpp>
#include <veil/core/secret.hpp>
#include <veil/crypto/sealer.hpp>
#include <veil/crypto/signing_key.hpp>
#include <veil/db/pool.hpp>

#include "bearer.hpp"

namespace veil::push {

using boost::asio::awaitable;

struct apns_key {
    crypto::signing_key key;
    std::string key_id, team_id;
};

class apns_tokens {
 public:
    apns_tokens(boost::asio::any_io_executor executor, db::pool& database, const core::clock& clock, apns_key key,
                const core::secret_pair& sealing_secret);

    // The token to send with, as the authorization header wants it. Look first whether it is due().
    const bearer& current() const noexcept { return held_.token; }

    // Whether the token must be looked at before it is used again; then call look().
    bool due() const { return clock_.now() >= held_.look_again_at; }

    // Seconds since the token was issued; infinite without one.
    double age() const;

    // Reads or mints. Throws client::not_sent without a database when there is no token in memory that still works.
    awaitable<void> look();

    // After ExpiredProviderToken for `refused`: a new one, unless there is one already. False: another push has seen to
    // it. Throws client::not_sent without a database.
    awaitable<bool> replace(bearer refused);

    // After TooManyProviderTokenUpdates for `refused`: back to the token before it, and no new one for 20 minutes. As
    // replace() otherwise.
    awaitable<bool> step_back(bearer refused);

    // Sends with tokens of another key from now on. Throws core::unavailable without a database, and the old key and
    // its token stay in use.
    awaitable<void> replace_key(apns_key key);

    // Tokens are encrypted with another secret from now on; those encrypted with secret.previous can be read too.
    awaitable<void> reseal(core::secret_pair secret);

 private:
    struct row;
    struct held {
        bearer token;
        std::int64_t issued_at = 0;
        std::int64_t look_again_at = 0;  // Unix seconds
    };
    enum class wish { keep, replace, step_back, mint };

    awaitable<bool> refresh(wish what, bearer refused);
    held exchange(pqxx::work& tx, wish what, const bearer& refused) const;
    std::optional<row> read(pqxx::work& tx) const;
    void write(pqxx::work& tx, const row& r) const;
    row mint(std::int64_t issued_at, std::int64_t now, const std::optional<row>& before) const;
    bearer open(const std::string& sealed) const;

    db::pool& database_;
    const core::clock& clock_;
    apns_key key_;
    crypto::sealer sealer_;
    async::semaphore one_at_a_time_;
    held held_;
};

}  // namespace veil::push
