// Access tokens of a Google service account (developers.google.com/identity/protocols/oauth2/service-account): fetched
// by one task, early enough that nobody waits for them. Owned by fcm; I/O thread only.
#pragma once

#include <chrono>
#include <string>
#include <veil/async/signal.hpp>
#include <veil/client/http2_client.hpp>
#include <veil/core/clock.hpp>
#include <veil/core/secret.hpp>
#include <veil/core/url.hpp>
#include <veil/crypto/signing_key.hpp>
#include <veil/metrics/metrics.hpp>
#include <veil/push/options.hpp>

#include "bearer.hpp"

namespace veil::push {

using boost::asio::awaitable;

struct service_account {
    crypto::signing_key key;
    std::string key_id, project, client_email, token_uri;
    std::string mark;  // tells this account and key from others
};

// Throws std::invalid_argument, which names the variable and what is wrong.
service_account read_service_account(const options& with);

// An answer of Google's token endpoint (RFC 6749, section 5.1).
struct access_token {
    core::secret token;
    std::chrono::seconds life;  // from now; 1 to 86,400
};

// Throws core::refused, which says why there is none.
access_token access_token_in(const client::http2_answer& answer);

class google_tokens {
 public:
    google_tokens(boost::asio::any_io_executor executor, const options& with, service_account account,
                  const core::clock& clock);

    void start();
    awaitable<void> stop();

    // The token to send with, as the authorization header wants it; null when none is live.
    const bearer& current() const noexcept { return live() ? token_ : none_; }

    // Seconds since the token was fetched; infinite without a live one.
    double age() const;

    // Shows the connection that tokens are fetched over from now on.
    void measure(metrics::registry& into) const;

    // Waits for a live one until `until`, then throws client::not_sent.
    awaitable<void> wait(std::chrono::steady_clock::time_point until);

    // `refused` does not work although it should: fetches another.
    void renew(const bearer& refused);

    // Tokens are fetched for another account or with another key from now on, at once; the present one is used until
    // then if it is of the same project. Throws std::invalid_argument when they are fetched elsewhere.
    void replace(service_account account);

    void trust(const std::string& ca_file) { connection_.trust(ca_file); }

 private:
    using time_point = std::chrono::steady_clock::time_point;

    awaitable<void> keep_fresh();
    awaitable<bool> fetch();
    client::http2_request request() const;
    void take(const access_token& fresh);
    bool live() const { return token_ && std::chrono::steady_clock::now() < expires_at_; }

    service_account account_;
    std::size_t generation_ = 0;  // of account_
    const core::clock& clock_;
    core::https_url uri_;
    client::http2_client connection_;
    bearer token_;
    const bearer none_;
    time_point fetched_at_{};
    time_point expires_at_{};
    time_point refresh_at_{};
    std::string failure_ = "it has not been fetched yet";
    async::signal due_;      // given by renew()
    async::signal fetched_;  // given when there is a token
    async::task_group tasks_;
};

}  // namespace veil::push
