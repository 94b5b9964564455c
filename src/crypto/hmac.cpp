#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <array>
#include <stdexcept>
#include <veil/crypto/hmac.hpp>

namespace veil::crypto {

void hmac::release::operator()(EVP_MAC_CTX* context) const noexcept { EVP_MAC_CTX_free(context); }

hmac::hmac(hash algorithm, const core::secret& key) {
    EVP_MAC* const mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    context_.reset(EVP_MAC_CTX_new(mac));
    EVP_MAC_free(mac);
    std::string digest = algorithm == hash::sha1 ? "SHA1" : "SHA256";
    const std::array parameters{OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest.data(), 0),
                                OSSL_PARAM_construct_end()};
    // A null key would mean "keep the old one", so an empty key still needs an address.
    const auto* const bytes = reinterpret_cast<const unsigned char*>(key.reveal().c_str());
    if (!context_ || EVP_MAC_init(context_.get(), bytes, key.size(), parameters.data()) != 1)
        throw std::runtime_error("HMAC cannot be set up");
}

std::string hmac::sign(std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> tag;
    std::size_t size = 0;
    if (EVP_MAC_init(context_.get(), nullptr, 0, nullptr) != 1 ||
        EVP_MAC_update(context_.get(), reinterpret_cast<const unsigned char*>(data.data()), data.size()) != 1 ||
        EVP_MAC_final(context_.get(), tag.data(), &size, tag.size()) != 1)
        throw std::runtime_error("HMAC failed");
    return {reinterpret_cast<const char*>(tag.data()), size};
}

bool equal(std::string_view a, std::string_view b) noexcept {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

}  // namespace veil::crypto
