#include "meters.hpp"

#include <algorithm>
#include <tuple>

namespace veil::push {
namespace {

constexpr metrics::family pushes_total{"veil_pushes_total", "Attempts to push, by what the provider said."};
constexpr metrics::family push_seconds{"veil_push_seconds",
                                       "Time of an attempt to push, waiting for a stream included."};
constexpr metrics::family wakes_total{"veil_call_wakes_total",
                                      "Webhooks that wanted a call to ring, by what came of it."};
constexpr metrics::family wire_seconds{"veil_call_wake_to_wire_seconds",
                                       "Time from the webhook to a device's first push on the wire."};

constexpr std::string_view wake_results[] = {"rang", "not_reached", "no_registrations", "repeated", "failed"};

// What Apple and Google document, and what we say ourselves.
constexpr std::string_view known_reasons[] = {
    "BadCertificate", "BadCertificateEnvironment", "BadCollapseId", "BadDeviceToken", "BadEnvironmentKeyIdInToken",
    "BadExpirationDate", "BadMessageId", "BadPath", "BadPriority", "BadTopic", "DeviceTokenNotForTopic",
    "DuplicateHeaders", "ExpiredProviderToken", "ExpiredToken", "Forbidden", "IdleTimeout", "InternalServerError",
    "InvalidProviderToken", "InvalidPushType", "MethodNotAllowed", "MissingDeviceToken", "MissingProviderToken",
    "MissingTopic", "PayloadEmpty", "PayloadTooLarge", "ServiceUnavailable", "Shutdown", "TooManyProviderTokenUpdates",
    "TooManyRequests", "TopicDisallowed", "Unregistered", "UnrelatedKeyIdInToken",
    // FCM HTTP v1
    "INTERNAL", "INVALID_ARGUMENT", "QUOTA_EXCEEDED", "SENDER_ID_MISMATCH", "THIRD_PARTY_AUTH_ERROR", "UNAVAILABLE",
    "UNREGISTERED", "UNSPECIFIED_ERROR",
    // ours
    "ConnectionLost", "InternalError", "NoAnswer", "NotSent", "QueueFull"};

}  // namespace

std::string_view reason_label(const outcome& of) noexcept {
    if (of.reason.empty() || of.what == result::not_configured) return "";
    const auto it = std::ranges::find(known_reasons, of.reason);
    return it == std::end(known_reasons) ? "other" : *it;
}

void meters::measure(metrics::registry& into) {
    registry_ = &into;
    for (const std::string_view provider : {"apns", "fcm"}) {
        const auto call = name_of(message::kind::call), accepted = name_of(result::accepted);
        attempts_.push_back({provider, call, accepted, "", make(provider, call, accepted, "")});
        seconds_.push_back(
            {provider, into.make_histogram(push_seconds, metrics::network_seconds, {{"provider", provider}})});
    }
    for (const auto result : wake_results)
        wakes_.push_back({result, into.make_counter(wakes_total, {{"result", result}})});
    to_wire_ = into.make_histogram(wire_seconds, metrics::network_seconds);
}

metrics::counter meters::make(std::string_view provider, std::string_view kind, std::string_view outcome,
                              std::string_view reason) const {
    return registry_->make_counter(pushes_total,
                                   {{"provider", provider}, {"kind", kind}, {"outcome", outcome}, {"reason", reason}});
}

void meters::attempted(std::string_view provider, message::kind kind, const outcome& seen, std::int64_t milliseconds) {
    if (registry_ == nullptr) return;
    const auto wanted = std::tuple(provider, name_of(kind), name_of(seen.what), reason_label(seen));
    auto it = std::ranges::find_if(attempts_, [&](const attempts& one) {
        return std::tie(one.provider, one.kind, one.outcome, one.reason) == wanted;
    });
    if (it == attempts_.end()) {
        const auto& [p, k, o, r] = wanted;
        it = attempts_.insert(attempts_.end(), {p, k, o, r, make(p, k, o, r)});
    }
    it->count.add();
    if (seen.what == result::cancelled) return;  // nothing was sent
    const auto timed = std::ranges::find(seconds_, provider, &meters::timed::name);
    if (timed != seconds_.end()) timed->seconds.observe(static_cast<double>(milliseconds) / 1000);
}

void meters::wake(std::string_view result) {
    const auto it = std::ranges::find(wakes_, result, &named::name);
    if (it != wakes_.end()) it->count.add();
}

void meters::on_the_wire(std::chrono::steady_clock::duration after) {
    to_wire_.observe(std::chrono::duration<double>(after).count());
}

}  // namespace veil::push
