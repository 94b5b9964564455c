// APNs' memory of provider tokens, one for production and sandbox: which are genuine, and when the last new one came.
// I/O thread only.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>

namespace veil::fake_push {

// Something about a request that Apple would refuse it for.
struct fault {
    int status;
    const char* reason;
    std::string detail;
};

class provider_tokens {
 public:
    // `key` must outlive this; a new token is refused within `between_updates` of the last accepted new one.
    provider_tokens(EVP_PKEY& key, std::chrono::seconds between_updates)
        : key_(key), between_updates_(between_updates) {}

    // nullopt when the token is good. `issued_at` is set once the token is known to be genuine.
    std::optional<fault> judge(const std::string& token, double now, std::optional<std::int64_t>& issued_at);

 private:
    std::optional<fault> judge_new(const std::string& token, double now, std::optional<std::int64_t>& issued_at);

    EVP_PKEY& key_;
    std::chrono::seconds between_updates_;
    std::unordered_map<std::string, std::int64_t> accepted_;  // and when they were issued
    std::optional<double> updated_at_;
};

}  // namespace veil::fake_push
