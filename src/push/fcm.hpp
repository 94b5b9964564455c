// Data messages to Android phones through FCM HTTP v1 (firebase.google.com/docs/reference/fcm/rest/v1). Owned by
// providers; I/O thread only.
#pragma once

#include <map>
#include <veil/client/http2_client.hpp>
#include <veil/push/options.hpp>

#include "google_tokens.hpp"
#include "provider.hpp"

namespace veil::push {

// What an answer of FCM means, by the table of its error codes.
outcome fcm_outcome(const client::http2_answer& answer);

class fcm final : public provider {
 public:
    // Throws std::invalid_argument, which names the variable and what is wrong with it.
    fcm(boost::asio::any_io_executor executor, const options& with, const core::clock& clock);

    std::string_view name() const override { return "fcm"; }
    std::string describe() const override;
    void measure(metrics::registry& into) override;
    void start() override;
    awaitable<void> stop() override;
    awaitable<bool> reload_key(options with) override;
    awaitable<void> reseal(core::secret_pair) override { co_return; }
    void trust(const std::string& ca_file) override;
    awaitable<outcome> send(attempt a) override;

 private:
    using time_point = std::chrono::steady_clock::time_point;

    fcm(boost::asio::any_io_executor executor, const options& with, service_account account, const core::clock& clock);
    std::optional<outcome> asked_to_be_quiet(const std::string& token) const;
    void keep_quiet(const std::string& token, time_point until);
    void raise_alarm(const outcome& seen);
    client::http2_request request(const attempt& a, const bearer& token) const;

    std::string project_;
    std::string account_mark_;
    google_tokens tokens_;
    client::http2_client connection_;
    std::map<std::string, time_point> quiet_until_;  // devices for which Google has asked for silence, by token
    time_point next_alarm_{};
};

}  // namespace veil::push
