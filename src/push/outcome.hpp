// What came of one push, as a value. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace veil::push {

enum class result {
    accepted,
    unregistered,    // the provider says that the app is gone: the registration goes
    bad_token,       // no token of any environment: the registration goes
    flagged,         // token and app do not belong together: kept, not tried again
    rejected,        // our bug or configuration: kept, not tried again
    misconfigured,   // the provider refuses our key or account: nothing is sent with it for a while
    throttled,       // too fast, for this device or at all
    unavailable,     // provider out of reach, failing, or silent
    not_configured,  // no key for this platform
    expired,         // the ring time was over before it could be sent
    cancelled,       // the call was over before it could be sent
};

struct outcome {
    result what = result::unavailable;
    std::string reason;                           // the provider's word, or ours
    bool retry = false;                           // worth another attempt inside the ring time
    std::chrono::milliseconds not_before{0};      // that attempt, from now
    bool in_doubt = false;                        // the device may have got it although nobody said so
    std::optional<std::int64_t> gone_since = {};  // Unix milliseconds: since when the token is known not to work
    std::string_view environment = {};            // of Apple's two, the one that knows the token; a literal
};

std::string_view name_of(result what) noexcept;

// "accepted", or "flagged: DeviceTokenNotForTopic".
std::string describe(const outcome& from);

// A provider's reason as it may stand in logs and tables: short and printable.
std::string clean_reason(std::string_view text);

}  // namespace veil::push
