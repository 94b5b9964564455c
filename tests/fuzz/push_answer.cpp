// Answers of push providers of any kind: whatever they hold, it becomes an outcome that can be written down, only what
// names its reason removes a registration, and an access token is one that a header can carry.
#include <push/apns.hpp>
#include <push/fcm.hpp>
#include <push/google_tokens.hpp>
#include <string>
#include <string_view>
#include <veil/core/errors.hpp>

#include "fuzz.hpp"

using veil::fuzz::demand;
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

// Whether the body names one of these, or may do so in escapes.
bool names(const std::string& body, std::initializer_list<const char*> reasons) {
    for (const auto* reason : reasons)
        if (body.contains(reason)) return true;
    return body.contains("\\u");
}

void check_access_token(const veil::client::http2_answer& answer) {
    try {
        const auto got = veil::push::access_token_in(answer);
        demand(answer.status == 200 && !got.token.empty() && got.life.count() >= 1 && got.life.count() <= 86'400);
        demand(got.token.reveal().find_first_of("\r\n ") == std::string::npos);
    } catch (const veil::core::refused& error) {
        demand(std::string_view(error.what()).size() <= 128);
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static constexpr int statuses[] = {200, 400, 401, 403, 404, 410, 413, 429, 500, 503};
    veil::fuzz::input input(data, size);
    const int status = statuses[input.choice(std::size(statuses))];
    const std::string body(input.rest());
    const veil::client::http2_answer answer{.status = status, .headers = {{"retry-after", body}}, .body = body};
    const auto apns = veil::push::apns_outcome(answer);
    const auto fcm = veil::push::fcm_outcome(answer);
    demand(is_printable(apns.reason) && is_printable(fcm.reason));
    demand(apns.not_before.count() >= 0 && fcm.not_before.count() >= 0);
    demand(!removes(apns) || names(body, {"BadDeviceToken", "Unregistered", "ExpiredToken"}));
    demand(!removes(fcm) || names(body, {"UNREGISTERED", "INVALID_ARGUMENT"}));
    demand((apns.what == result::accepted) == (status == 200) && (fcm.what == result::accepted) == (status == 200));
    check_access_token(answer);
    return 0;
}
