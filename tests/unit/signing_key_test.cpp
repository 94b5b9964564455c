// Signed tokens, checked with the public half of the key, and keys that cannot sign.
#include <gtest/gtest.h>
#include <openssl/bn.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>

#include <support/identity.hpp>
#include <veil/crypto/encoding.hpp>
#include <veil/crypto/signing_key.hpp>

namespace veil::crypto {
namespace {

const unsigned char* raw(const std::string& bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }

bool verifies(EVP_PKEY* key, const std::string& data, const std::string& tag) {
    EVP_MD_CTX* const context = EVP_MD_CTX_new();
    const bool good = EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
                      EVP_DigestVerify(context, raw(tag), tag.size(), raw(data), data.size()) == 1;
    EVP_MD_CTX_free(context);
    return good;
}

// The two numbers of ES256 as the DER form that OpenSSL reads.
std::string as_der(const std::string& numbers) {
    ECDSA_SIG* const parts = ECDSA_SIG_new();
    ECDSA_SIG_set0(parts, BN_bin2bn(raw(numbers), 32, nullptr), BN_bin2bn(raw(numbers) + 32, 32, nullptr));
    unsigned char* der = nullptr;
    const int size = i2d_ECDSA_SIG(parts, &der);
    std::string out(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
    OPENSSL_free(der);
    ECDSA_SIG_free(parts);
    return out;
}

struct parts_of_token {
    std::string header, claims, signed_text, tag;
};

parts_of_token split(const core::secret& token) {
    const auto& text = token.reveal();
    const auto first = text.find('.'), last = text.rfind('.');
    return {from_base64url(text.substr(0, first)).value(),
            from_base64url(text.substr(first + 1, last - first - 1)).value(), text.substr(0, last),
            from_base64url(text.substr(last + 1)).value()};
}

std::string fault_of(const std::string& pem, signature algorithm) {
    try {
        signing_key key(core::secret(pem), algorithm);
        return {};
    } catch (const std::invalid_argument& fault) {
        return fault.what();
    }
}

TEST(signing_key, es256_has_two_numbers_of_32_bytes_that_verify) {
    const auto key = test::make_ec_key();
    const signing_key ours(core::secret(test::pem(*key)), signature::es256);
    for (int i = 0; i < 50; ++i) {  // numbers with leading zeros come up too
        const auto token = split(ours.sign_jwt(R"({"alg":"ES256"})", "{\"n\":" + std::to_string(i) + "}"));
        EXPECT_EQ(token.header, R"({"alg":"ES256"})");
        EXPECT_EQ(token.claims, "{\"n\":" + std::to_string(i) + "}");
        ASSERT_EQ(token.tag.size(), 64U);
        EXPECT_TRUE(verifies(key.get(), token.signed_text, as_der(token.tag)));
        EXPECT_FALSE(verifies(key.get(), token.signed_text + "x", as_der(token.tag)));
    }
}

TEST(signing_key, rs256_verifies) {
    const auto key = test::make_rsa_key();
    const signing_key ours(core::secret(test::pem(*key)), signature::rs256);
    const auto token = split(ours.sign_jwt("{}", R"({"iss":"x"})"));
    EXPECT_TRUE(verifies(key.get(), token.signed_text, token.tag));
}

TEST(signing_key, what_cannot_sign_is_refused_and_nothing_of_it_is_said) {
    const auto ec = test::pem(*test::make_ec_key());
    const auto rsa = test::pem(*test::make_rsa_key());
    EXPECT_EQ(fault_of("", signature::es256), "holds no private key that can be read");
    EXPECT_EQ(fault_of("secret nonsense", signature::rs256), "holds no private key that can be read");
    EXPECT_EQ(fault_of(ec.substr(0, ec.size() / 2), signature::es256), "holds no private key that can be read");
    EXPECT_TRUE(fault_of(rsa, signature::es256).contains("P-256"));
    EXPECT_TRUE(fault_of(test::pem(*test::make_ec_key("P-384")), signature::es256).contains("P-256"));
    EXPECT_TRUE(fault_of(ec, signature::rs256).contains("RSA"));
    EXPECT_TRUE(fault_of(test::pem(*test::make_rsa_key(1024)), signature::rs256).contains("2048"));
}

}  // namespace
}  // namespace veil::crypto
