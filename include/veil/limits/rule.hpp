// A sustained rate with a burst, and what it says of one request. The arithmetic is the generic cell rate algorithm
// (ITU-T I.371): all it has to remember is the time at which the whole burst is there again. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <veil/core/errors.hpp>

namespace veil::limits {

inline constexpr core::failure too_many_requests{429, "Too Many Requests"};

// How often a route may be asked, and by whom; the table is in `policies`.
enum class route_class {
    usual,         // by account, and by address where nobody has signed in
    registration,  // by address
    login,         // by address; whatever checks a password
    push_test,     // by account
    unlimited,
};

struct rule {
    std::chrono::microseconds interval{0};  // between requests at the sustained rate; 0: no limit
    std::int64_t burst = 1;                 // requests at once

    bool is_off() const noexcept { return interval.count() == 0; }
};

// Policies that more than one place of the code counts by.
inline constexpr std::string_view registration_policy = "register", login_policy = "login";

// What becomes of one request.
struct verdict {
    std::string_view policy;  // its name, a literal
    rule under;
    bool allowed = true;
    std::int64_t remaining = 0;  // requests that are left now
    std::int64_t seconds = 0;    // until the whole burst is there again or, when none is left, until the next one is
};

// The verdict on a request that leaves the bucket `level` away from being full (microseconds at the sustained rate), or
// that is refused because it would leave more than the burst.
verdict taken(std::string_view policy, const rule& under, std::chrono::microseconds level);
verdict refused(std::string_view policy, const rule& under, std::chrono::seconds wait);

// How long a request has to wait that finds the bucket `level` away from being full; zero when it is allowed.
std::chrono::microseconds wait_at(const rule& under, std::chrono::microseconds level);

// Whole seconds, rounded up, at least one: what Retry-After says.
std::chrono::seconds whole_seconds(std::chrono::microseconds time);

// The values of the headers RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4).
std::string policy_field(const verdict& of);
std::string limit_field(const verdict& of);

}  // namespace veil::limits
