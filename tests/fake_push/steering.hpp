// What a device token asks the fake to do: "<word>-...", some with a number, "<word>-<n>-...". Here is what both
// providers have in common; their own words are in apns.cpp and fcm.cpp. I/O thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "support/h2_listener.hpp"

namespace veil::fake_push {

struct steer {
    std::string_view word;  // empty without a '-'
    std::optional<int> number;
};

steer read_steer(std::string_view device_token);

enum class act { answer, hang, mute, drop, reset, refuse, goaway, garbage };

struct answer {
    act what = act::answer;
    int status = 200;    // 0 for everything but act::answer
    std::string reason;  // for the line: the provider's code, or what was done instead of an answer
    test::h2_headers headers = {};
    std::string body = {};
    std::chrono::milliseconds delay{0};
    std::optional<std::uint32_t> streams = {};  // a new limit for the connection, told before the answer
};

// How often each steered device token was pushed to, over all providers.
class tries {
 public:
    int next(const std::string& device_token) { return ++made_[device_token]; }  // 1 the first time

 private:
    std::unordered_map<std::string, int> made_;
};

// For the words that mean the same to APNs and FCM and are not about a provider's errors; nullopt for the others.
// grow- raises to `streams`.
std::optional<answer> steer_transport(const steer& wanted, const std::string& device_token, tries& made,
                                      std::uint32_t streams);

// Whether "<status>-<n>-" still fails with this try; without <n> it always does.
bool still_failing(const steer& wanted, const std::string& device_token, tries& made);

// Does to the stream what the answer says.
void deliver(boost::asio::io_context& io, const std::shared_ptr<test::h2_listener::connection>& to, std::int32_t stream,
             answer what);

}  // namespace veil::fake_push
