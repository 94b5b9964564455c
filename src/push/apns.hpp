// VoIP pushes to iPhones through APNs (developer.apple.com, "Sending notification requests to APNs"). Owned by
// providers; I/O thread only.
#pragma once

#include <map>
#include <memory>
#include <veil/client/http2_client.hpp>
#include <veil/push/options.hpp>

#include "apns_tokens.hpp"
#include "provider.hpp"

namespace veil::push {

// What an answer of APNs means, by the table of its error reasons.
outcome apns_outcome(const client::http2_answer& answer);

class apns final : public provider {
 public:
    // Throws std::invalid_argument, which names the variable and what is wrong with it.
    apns(boost::asio::any_io_executor executor, const options& with, db::pool& database, const core::clock& clock);

    std::string_view name() const override { return "apns"; }
    std::string describe() const override;
    void measure(metrics::registry& into) override;
    void start() override;
    awaitable<void> stop() override;
    awaitable<bool> reload_key(options with) override;
    awaitable<void> reseal(core::secret_pair secret) override { return tokens_.reseal(std::move(secret)); }
    void trust(const std::string& ca_file) override;
    awaitable<outcome> send(attempt a) override;

 private:
    using time_point = std::chrono::steady_clock::time_point;

    struct key_file;
    apns(const boost::asio::any_io_executor& executor, const options& with, key_file read, db::pool& database,
         const core::clock& clock);
    static key_file read(const options& with);

    // Sending that Apple has refused for a reason that lies with us stops for a while, then one attempt tries again.
    struct pause {
        time_point until{};
        std::string reason;
        std::optional<outcome> in_force();
        void begin(const std::string& why);
    };
    struct environment {
        std::string_view name;  // a literal
        client::http2_client connection;
        pause whole;
        std::map<std::string, pause, std::less<>> topics;
    };

    awaitable<void> warm_up();
    std::string topic_of(const device& to) const { return to.app_id.empty() ? bundle_id_ : to.app_id; }
    std::optional<outcome> stands_in_the_way(environment& where, const std::string& topic) const;
    client::http2_request request(const attempt& a, const bearer& token) const;
    void remember_refusal(environment& where, const std::string& topic, const outcome& seen) const;
    static client::http2_options connection_to(const endpoint& at, const options& with, bool first);

    std::string bundle_id_;
    bool try_both_;
    std::string key_mark_;  // tells this key and its id from others
    apns_tokens tokens_;
    environment first_, second_;
    async::task_group tasks_;
};

}  // namespace veil::push
