// What all processes count together, in PostgreSQL: registrations and passwords. Guessing a password is slowed down
// three ways, and none of them locks somebody out where he has signed in before: who was wrong for an account has to
// wait, longer each time, but only at that address; an address may try so many passwords a minute; and all addresses
// that an account has not been used from share one budget of wrong passwords for it. Errors are those of the pool.
// Owned by the application; I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <veil/core/secret.hpp>
#include <veil/crypto/hmac.hpp>
#include <veil/db/pool.hpp>
#include <veil/limits/rule.hpp>

namespace veil::limits {

using boost::asio::awaitable;

struct attempt_rules {
    rule registration;               // of one address
    rule login;                      // passwords from one address
    rule account;                    // wrong passwords for one account from addresses that it does not know
    std::int64_t free_failures = 5;  // of one account from one address before it has to wait; 0: it never has
    core::secret secret;             // a key of the digests that stand for accounts and addresses is derived from it
};

// A password that was presented. It counts as wrong from the start, so that many at the same moment are no way around a
// limit; being right takes that back, and so does that nobody could look.
struct attempt {
    std::optional<verdict> said;  // nullopt: no limit applies
    bool counted = false;         // in the database
    bool from_unknown = false;    // counted against the account's budget too
    std::string pair_key, account_key;
};

class attempts {
 public:
    attempts(attempt_rules rules, db::pool& database);

    // Digests are made with another secret from now on: what was counted is forgotten.
    void rekey(const core::secret& secret);

    // Counts a registration from an address.
    awaitable<std::optional<verdict>> registration(std::string address);

    // Counts a password for an account, existing or not, unless it has to wait.
    awaitable<attempt> password(std::string address, std::string jid);

    // Awaits `look`, whose result is true when the password was right. Then the failures are forgotten and the account
    // knows the address from now on, for 30 days. When it throws, nobody has looked at the password: it counts for
    // nothing. What cannot be written of that is only logged.
    template <class T>
    awaitable<T> judge(attempt presented, awaitable<T> look);

    // Removes rows that make no difference any more, at once and every minute, until cancelled.
    awaitable<void> prune_forever();

 private:
    std::string key_of(std::string_view kind, std::string_view of, std::string_view and_of = {});
    bool guards_passwords() const noexcept;
    void count_password(pqxx::work& tx, const std::string& address_key, attempt& out) const;
    awaitable<void> take_back(attempt presented, bool right);
    awaitable<void> prune();

    attempt_rules rules_;
    db::pool& database_;
    crypto::hmac keys_;
};

template <class T>
awaitable<T> attempts::judge(attempt presented, awaitable<T> look) {
    std::optional<T> found;
    std::exception_ptr failure;
    try {
        found.emplace(co_await std::move(look));
    } catch (...) {
        failure = std::current_exception();
    }
    const bool right = found && *found;
    if (failure || right) co_await take_back(std::move(presented), right);
    if (failure) std::rethrow_exception(failure);
    co_return std::move(*found);
}

}  // namespace veil::limits
