// Signed JSON Web Tokens (RFC 7519) with a private key, as Apple and Google ask for them. Any thread.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string_view>
#include <veil/core/secret.hpp>

namespace veil::crypto {

enum class signature { es256, rs256 };  // RFC 7518, section 3.1

class signing_key {
 public:
    // pem: PKCS#8 or the key type's own form. Throws std::invalid_argument, which says what is wrong and nothing of the
    // key.
    signing_key(const core::secret& pem, signature algorithm);

    // The compact form of header and claims, both JSON objects.
    core::secret sign_jwt(std::string_view header, std::string_view claims) const;

 private:
    struct release {
        void operator()(EVP_PKEY* key) const noexcept;
    };
    std::unique_ptr<EVP_PKEY, release> key_;
    signature algorithm_;
};

}  // namespace veil::crypto
