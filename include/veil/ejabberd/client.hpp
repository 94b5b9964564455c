// ejabberd's admin API (https://docs.ejabberd.im/developer/ejabberd-api/), as typed calls. Each bounds itself to 5 s
// and throws core::unavailable (out of reach, or its database is), core::timed_out, core::overloaded, or core::refused
// when ejabberd said no for a reason that is none of the results. ejabberd answers as if nobody existed while its
// database is down, so every "no" is confirmed before it is believed. Owned by the application; I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <veil/async/semaphore.hpp>
#include <veil/client/https_pool.hpp>
#include <veil/core/secret.hpp>
#include <veil/ejabberd/call_meters.hpp>

namespace veil::ejabberd {

using boost::asio::awaitable;

struct options {
    std::string base_path = "/api";
    std::string domain;
    std::string api_user;  // local part; the account lives in `domain`
    core::secret api_password;
};

// An answer of the admin API: its body is a JSON integer, text, object or list, or discarded when it is no JSON at all.
struct reply {
    int status = 0;
    nlohmann::json body;
};

enum class registration { registered, exists };
enum class password_change { changed, unknown_user };

class client {
 public:
    client(boost::asio::any_io_executor executor, veil::client::https_pool& connections, options with);

    // Counts calls from now on.
    void measure(metrics::registry& into) { meters_.measure(into); }

    // `user` is always the local part of a JID of the domain.
    awaitable<registration> register_user(std::string user, core::secret password);
    awaitable<bool> check_password(std::string user, core::secret password);
    awaitable<bool> account_exists(std::string user);
    awaitable<password_change> change_password(std::string user, core::secret password);

    // Removes the account, its data and its sessions; returns when it is gone. An unknown user is fine.
    awaitable<void> unregister(std::string user);

    // Whether ejabberd answers and its database works; never throws but for cancellation.
    awaitable<bool> ready();

    // One command that may be repeated, bounded; for what has its typed calls elsewhere (rooms.hpp).
    awaitable<reply> command(std::string name, nlohmann::json arguments);

    // Signs in with another password of the API's own account, and uses it from now on. Throws core::refused when
    // ejabberd does not take it, core::unavailable without an answer; then the old one stays.
    awaitable<void> adopt_password(core::secret password);

    // Returns when ejabberd's database works, else throws core::unavailable.
    awaitable<void> confirm_database();

 private:
    awaitable<reply> call(std::string command, nlohmann::json arguments, bool idempotent);
    awaitable<reply> post(const std::string& command, std::string body, bool idempotent, core::secret authorization);
    awaitable<core::secret> bearer();
    awaitable<void> adopt_password_unbounded(core::secret password);
    awaitable<reply> sign_in(core::secret password);
    void keep(core::secret token);
    awaitable<registration> register_unbounded(std::string user, core::secret password);
    awaitable<bool> check_password_unbounded(std::string user, core::secret password);
    awaitable<bool> account_exists_unbounded(std::string user);
    awaitable<void> unregister_unbounded(std::string user);
    awaitable<bool> zero_means_yes(reply answer, std::string command);
    awaitable<void> confirm_database_unbounded();

    veil::client::https_pool& connections_;
    options options_;
    call_meters meters_;
    async::semaphore issuing_;  // one token request at a time
    core::secret bearer_;
    std::chrono::steady_clock::time_point refresh_at_{};
};

}  // namespace veil::ejabberd
