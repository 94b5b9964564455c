// Answers of push providers of any kind: whatever they hold, it becomes an outcome that can be written down, and only
// what names its reason removes a registration.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <push/apns.hpp>
#include <push/fcm.hpp>
#include <string>
#include <string_view>

using veil::push::result;

namespace {

bool is_printable(std::string_view text) {
    for (const char c : text)
        if (c < 0x20 || c > 0x7e) return false;
    return text.size() <= 64;
}

bool removes(const veil::push::outcome& seen) {
    return seen.what == result::unregistered || seen.what == result::bad_token;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr int statuses[] = {200, 400, 401, 403, 404, 410, 413, 429, 500, 503};
    if (size == 0) return 0;
    const int status = statuses[data[0] % std::size(statuses)];
    const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
    const veil::client::http2_answer answer{.status = status, .headers = {{"retry-after", body}}, .body = body};
    const auto apns = veil::push::apns_outcome(answer);
    const auto fcm = veil::push::fcm_outcome(answer);
    if (!is_printable(apns.reason) || !is_printable(fcm.reason)) std::abort();
    const bool apns_named = body.find("BadDeviceToken") != std::string::npos ||
                            body.find("Unregistered") != std::string::npos ||
                            body.find("ExpiredToken") != std::string::npos || body.find("\\u") != std::string::npos;
    const bool fcm_named = body.find("UNREGISTERED") != std::string::npos ||
                           body.find("INVALID_ARGUMENT") != std::string::npos || body.find("\\u") != std::string::npos;
    if ((removes(apns) && !apns_named) || (removes(fcm) && !fcm_named)) std::abort();
    if ((apns.what == result::accepted) != (status == 200) || (fcm.what == result::accepted) != (status == 200))
        std::abort();
    return 0;
}
