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

// What a token that is genuine says of itself.
struct genuine {
    std::int64_t issued_at = 0;
    std::string key_id;
};

class provider_tokens {
 public:
    // Both keys are the team's, and must outlive this; a new token is refused within `between_updates` of the last
    // accepted new one.
    provider_tokens(EVP_PKEY& key, EVP_PKEY& next_key, std::chrono::seconds between_updates)
        : key_(key), next_key_(next_key), between_updates_(between_updates) {}

    // nullopt when the token is good. `signed_by` is set once the token is known to be genuine.
    std::optional<fault> judge(const std::string& token, double now, std::optional<genuine>& signed_by);

 private:
    std::optional<fault> judge_new(const std::string& token, double now, std::optional<genuine>& signed_by);

    EVP_PKEY &key_, &next_key_;
    std::chrono::seconds between_updates_;
    std::unordered_map<std::string, genuine> accepted_;
    std::optional<double> updated_at_;
};

}  // namespace veil::fake_push
