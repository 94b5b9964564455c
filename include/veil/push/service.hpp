// Push: the devices of an account, and the calls that wake them (contract, section 4). Owned by the application; I/O
// thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <veil/auth/tokens.hpp>
#include <veil/core/clock.hpp>
#include <veil/core/fields.hpp>
#include <veil/core/secret.hpp>
#include <veil/db/pool.hpp>
#include <veil/http/router.hpp>
#include <veil/push/options.hpp>
#include <veil/push/webhook.hpp>

namespace veil::push {

using boost::asio::awaitable;

bool is_platform(std::string_view text);
bool is_call_type(std::string_view text);
bool is_cancel_reason(std::string_view text);
inline constexpr core::pattern platform_pattern{"^(ios|android)$", is_platform};
inline constexpr core::pattern call_type_pattern{"^(audio|video)$", is_call_type};
inline constexpr core::pattern cancel_reason_pattern{"^(cancelled|answered_elsewhere|timeout)$", is_cancel_reason};

inline constexpr core::rules device_id_rules{.min_length = 1,
                                             .max_length = 255,
                                             .about = "The app's own name of the device, unique in the account.",
                                             .example = "alices-phone"};
inline constexpr core::rules callee_rules{.about = "Who is called, without the domain.", .example = "alice"};
inline constexpr core::rules call_id_rules{
    .min_length = 1, .max_length = 255, .about = "The call's id in SIP.", .example = "3848276298220188511@example.com"};

struct registration {
    std::string jid, device_id, platform;
    core::secret push_token;
    std::string app_id;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("jid", &registration::jid,
                  {.about = "Your bare JID: the one of the token.", .example = "alice@example.com"}),
            field("device_id", &registration::device_id, device_id_rules),
            field("platform", &registration::platform, {.shape = &platform_pattern, .example = "ios"}),
            field("push_token", &registration::push_token,
                  {.min_length = 1,
                   .max_length = 4096,
                   .about = "What APNs (VoIP) or FCM gave the app.",
                   .example = "0123456789abcdef0123456789abcdef"}),
            field("app_id", &registration::app_id,
                  {.min_length = 1,
                   .max_length = 255,
                   .about = "Bundle id or package name of the app.",
                   .example = "com.example.veil"}),
        };
    }
};

struct deregistration {
    std::string jid, device_id;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("jid", &deregistration::jid,
                  {.about = "Your bare JID: the one of the token.", .example = "alice@example.com"}),
            field("device_id", &deregistration::device_id, device_id_rules),
        };
    }
};

struct call {
    std::string callee_username, caller_username, caller_display_name, call_id, call_type;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("callee_username", &call::callee_username, callee_rules),
            field("caller_username", &call::caller_username,
                  {.about = "Who calls, without the domain.", .example = "bob"}),
            field("caller_display_name", &call::caller_display_name,
                  {.fallback = "", .about = "What the phone shows; empty: caller_username.", .example = "Bob"}),
            field("call_id", &call::call_id, call_id_rules),
            field("call_type", &call::call_type,
                  {.shape = &call_type_pattern, .fallback = "audio", .example = "audio"}),
        };
    }
};

struct cancellation {
    std::string callee_username, call_id, reason;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("callee_username", &cancellation::callee_username, callee_rules),
            field("call_id", &cancellation::call_id, call_id_rules),
            field("reason", &cancellation::reason, {.shape = &cancel_reason_pattern, .example = "cancelled"}),
        };
    }
};

struct test_target {
    std::string device_id;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("device_id", &test_target::device_id, device_id_rules),
        };
    }
};

struct status {
    std::string status;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("status", &status::status, {.about = "What has happened.", .example = "registered"}),
        };
    }
};

struct sent {
    std::string status;
    std::int64_t sent = 0;  // pushes that a provider accepted
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("status", &sent::status, {.about = "`sent`, `cancelled` or `no_registrations`.", .example = "sent"}),
            field("sent", &sent::sent, {.about = "Pushes that a provider accepted.", .example = "1"}),
        };
    }
};

struct listed_device {
    std::string device_id, platform, app_id;
    std::string registered_at;  // RFC 3339, UTC
    std::optional<std::string> last_result;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("device_id", &listed_device::device_id, {.example = "alices-phone"}),
            field("platform", &listed_device::platform, {.example = "ios"}),
            field("app_id", &listed_device::app_id, {.example = "com.example.veil"}),
            field("registered_at", &listed_device::registered_at,
                  {.about = "RFC 3339, UTC.", .example = "2026-01-31T12:00:00.000000Z"}),
            field("last_result", &listed_device::last_result,
                  {.about = "What came of the last push; null before the first.", .example = "accepted"}),
        };
    }
};

struct device_list {
    std::vector<listed_device> devices;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("devices", &device_list::devices, {.about = "Newest first."}),
        };
    }
};

struct test_result {
    std::string provider;  // apns or fcm
    std::string outcome;   // "accepted", or what stands in its way
    std::string reason;    // the provider's word
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("provider", &test_result::provider, {.about = "`apns` or `fcm`.", .example = "apns"}),
            field("outcome", &test_result::outcome,
                  {.about = "`accepted`, or what stands in its way.", .example = "accepted"}),
            field("reason", &test_result::reason, {.about = "The provider's word; may be empty."}),
        };
    }
};

class service {
 public:
    service(boost::asio::any_io_executor executor, options with, db::pool& database, const core::clock& clock);
    ~service();

    void add_routes(http::router& routes);

    // Counts pushes and calls from now on.
    void measure(metrics::registry& into);

    // Connects to the providers and begins the work in the background.
    void start();

    // Gives pushes on their way three seconds, writes down what came of them, and ends the rest.
    awaitable<void> stop();

    // Webhooks are asked for another secret from now on, or for secret.previous.
    void replace_webhook_secret(core::secret_pair secret) { gate_.replace(std::move(secret)); }

    // Apple's provider token is encrypted with another secret from now on.
    awaitable<void> reseal(core::secret_pair secret);

    // Reads Apple's key and Google's account again. A platform that was off and is no longer is turned on.
    awaitable<std::vector<reloaded>> reload_keys(options with);

    // The next connections to the providers trust this authority (PEM). Throws when it cannot be used.
    void trust(const std::string& ca_file);

    awaitable<status> register_device(auth::user who, registration wanted);
    awaitable<status> deregister_device(auth::user who, deregistration wanted);
    awaitable<device_list> devices(auth::user who);
    awaitable<test_result> test(auth::user who, test_target wanted);
    awaitable<sent> call_notify(webhook_caller from, call wanted);
    awaitable<sent> call_cancel(webhook_caller from, cancellation wanted);

 private:
    struct parts;
    void add_device_routes(http::router& routes);
    void add_call_routes(http::router& routes);
    std::optional<std::string> callee_jid(const std::string& username) const;

    options options_;
    const core::clock& clock_;
    webhook_gate gate_;
    std::unique_ptr<parts> parts_;
};

// What has become of a call, as a time line in plain words; null when nothing is known of this call id.
awaitable<std::optional<std::string>> trace(db::pool& database, std::string call_id);

// What would happen to a call to this bare JID now, and what happened last, in plain words.
awaitable<std::string> explain(options with, db::pool& database, const core::clock& clock, std::string jid);

// Removes everything that push knows of an account; part of its deletion.
void forget_user(pqxx::work& tx, const std::string& jid);

}  // namespace veil::push
