#include "jwt.hpp"

#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <memory>
#include <veil/crypto/encoding.hpp>

namespace veil::fake_push {
namespace {

using nlohmann::json;

std::optional<json> read_object(std::string_view base64url) {
    const auto text = crypto::from_base64url(base64url);
    if (!text) return std::nullopt;
    auto value = json::parse(*text, nullptr, false);
    if (!value.is_object()) return std::nullopt;
    return value;
}

const unsigned char* raw(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }

bool says(const jwt& token, const char* algorithm) {
    const auto found = token.header.find("alg");
    return found != token.header.end() && *found == algorithm;
}

bool verify(const jwt& token, EVP_PKEY& key, const std::string& signature) {
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
    return EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, &key) == 1 &&
           EVP_DigestVerify(context.get(), raw(signature), signature.size(), raw(token.signed_part),
                            token.signed_part.size()) == 1;
}

// OpenSSL wants an ECDSA signature in DER; a JWT has the two numbers side by side (RFC 7518, section 3.4).
std::string der_of(const std::string& r_and_s) {
    constexpr int half = 32;
    if (r_and_s.size() != 2 * half) return {};
    const std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> pair(ECDSA_SIG_new(), &ECDSA_SIG_free);
    ECDSA_SIG_set0(pair.get(), BN_bin2bn(raw(r_and_s), half, nullptr), BN_bin2bn(raw(r_and_s) + half, half, nullptr));
    unsigned char* bytes = nullptr;
    const int size = i2d_ECDSA_SIG(pair.get(), &bytes);
    std::string der(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
    OPENSSL_free(bytes);
    return der;
}

}  // namespace

std::string jwt::text(const char* claim) const {
    const auto found = claims.find(claim);
    return found != claims.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<std::int64_t> jwt::number(const char* claim) const {
    const auto found = claims.find(claim);
    if (found == claims.end() || !found->is_number_integer()) return std::nullopt;
    return found->get<std::int64_t>();
}

std::optional<jwt> read_jwt(std::string_view text) {
    const auto first = text.find('.');
    const auto second = first == std::string_view::npos ? first : text.find('.', first + 1);
    if (second == std::string_view::npos) return std::nullopt;
    auto header = read_object(text.substr(0, first));
    auto claims = read_object(text.substr(first + 1, second - first - 1));
    auto signature = crypto::from_base64url(text.substr(second + 1));
    if (!header || !claims || !signature) return std::nullopt;
    return jwt{std::move(*header), std::move(*claims), std::string(text.substr(0, second)), std::move(*signature)};
}

bool is_es256(const jwt& token, EVP_PKEY& key) {
    return says(token, "ES256") && EVP_PKEY_is_a(&key, "EC") == 1 && verify(token, key, der_of(token.signature));
}

bool is_rs256(const jwt& token, EVP_PKEY& key) {
    return says(token, "RS256") && EVP_PKEY_is_a(&key, "RSA") == 1 && verify(token, key, token.signature);
}

}  // namespace veil::fake_push
