// What a push says, and its two forms (contract, section 4). Nothing but this ever leaves. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace veil::push {

struct message {
    enum class kind { call, cancel, test } what = kind::call;  // a test is a call that nobody makes
    std::string call_id;
    std::string caller_name;   // of a call: the name shown
    std::string call_type;     // of a call: audio or video
    std::string reason;        // of a cancel push
    std::int64_t sent_at = 0;  // Unix seconds
    std::int64_t expires_at = 0;
};

std::string_view name_of(message::kind what) noexcept;

// A name that came from outside, cut at a whole character so that every payload stays within the providers' limits:
// 256 code points and 1,024 bytes of JSON at most.
std::string bounded_name(std::string_view name);

// The body for Apple.
std::string apns_payload(const message& m);

// The body for FCM HTTP v1. ttl in seconds.
std::string fcm_payload(const message& m, std::string_view token, std::int64_t ttl);

}  // namespace veil::push
