// Reads and verifies JSON web tokens (RFC 7515, 7519) with nothing but OpenSSL, so that what the server signs is judged
// by code that it does not share. Any thread.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace veil::fake_push {

struct jwt {
    nlohmann::json header, claims;  // both objects
    std::string signed_part, signature;

    // Empty or nullopt when there is no such claim of that type.
    std::string text(const char* claim) const;
    std::optional<std::int64_t> number(const char* claim) const;
};

// nullopt when it is no token in compact form.
std::optional<jwt> read_jwt(std::string_view text);

// Whether the header says ES256 (P-256, signature r||s) or RS256 and the signature is the key's.
bool is_es256(const jwt& token, EVP_PKEY& key);
bool is_rs256(const jwt& token, EVP_PKEY& key);

}  // namespace veil::fake_push
