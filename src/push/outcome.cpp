#include "outcome.hpp"

namespace veil::push {
namespace {

constexpr std::size_t max_reason_bytes = 64;

}  // namespace

std::string_view name_of(result what) noexcept {
    switch (what) {
        case result::accepted:
            return "accepted";
        case result::unregistered:
            return "unregistered";
        case result::bad_token:
            return "bad_token";
        case result::flagged:
            return "flagged";
        case result::rejected:
            return "rejected";
        case result::misconfigured:
            return "misconfigured";
        case result::throttled:
            return "throttled";
        case result::unavailable:
            return "unavailable";
        case result::not_configured:
            return "not_configured";
        case result::expired:
            return "expired";
        case result::cancelled:
            return "cancelled";
    }
    return "unknown";
}

std::string describe(const outcome& from) {
    std::string out(name_of(from.what));
    if (!from.reason.empty()) out += ": " + from.reason;
    return out;
}

std::string clean_reason(std::string_view text) {
    std::string out(text.substr(0, max_reason_bytes));
    for (auto& c : out)
        if (c < 0x20 || c > 0x7e) c = '?';
    return out;
}

}  // namespace veil::push
