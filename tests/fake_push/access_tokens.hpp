// Google's token endpoint: turns a service account's signed assertion into an access token (RFC 7523). I/O thread only.
#pragma once

#include <openssl/types.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "support/h2_server.hpp"

namespace veil::fake_push {

struct token_answer {
    int status = 200;
    std::string body;
    std::vector<std::string> problems;
};

class access_tokens {
 public:
    struct settings {
        std::string client_email, token_uri;
        std::chrono::seconds life;
        std::uint32_t failures;  // so many first requests are answered with 503
    };

    access_tokens(EVP_PKEY& service_key, settings wanted) : key_(service_key), settings_(std::move(wanted)) {}

    token_answer issue(const test::h2_request& request);
    bool is_live(const std::string& token) const;

 private:
    std::vector<std::string> check(const test::h2_request& request) const;
    void check_assertion(const std::string& assertion, std::vector<std::string>& problems) const;

    EVP_PKEY& key_;
    settings settings_;
    std::unordered_map<std::string, std::chrono::steady_clock::time_point> live_until_;
};

}  // namespace veil::fake_push
