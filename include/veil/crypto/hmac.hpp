// HMAC (RFC 2104) with a key that is set up once. One thread at a time for each object.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <veil/core/secret.hpp>

namespace veil::crypto {

enum class hash { sha1, sha256 };

class hmac {
 public:
    hmac(hash algorithm, const core::secret& key);

    // The tag of `data` as raw bytes: 20 for SHA-1, 32 for SHA-256.
    std::string sign(std::string_view data);

 private:
    struct release {
        void operator()(EVP_MAC_CTX* context) const noexcept;
    };
    std::unique_ptr<EVP_MAC_CTX, release> context_;
};

// Compares in constant time for equal lengths.
bool equal(std::string_view a, std::string_view b) noexcept;

}  // namespace veil::crypto
