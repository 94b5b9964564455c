#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include <array>
#include <stdexcept>
#include <string>
#include <veil/crypto/encoding.hpp>
#include <veil/crypto/signing_key.hpp>

namespace veil::crypto {
namespace {

constexpr int p256_bytes = 32;
constexpr int min_rsa_bits = 2048;

template <auto Free>
struct freed {
    template <class T>
    void operator()(T* object) const noexcept {
        Free(object);
    }
};

// No pass phrase: never ask the terminal for one.
int no_pass_phrase(char*, int, int, void*) { return 0; }

bool is_p256(const EVP_PKEY* key) {
    std::array<char, 32> name{};
    return EVP_PKEY_is_a(key, "EC") == 1 && EVP_PKEY_get_group_name(key, name.data(), name.size(), nullptr) == 1 &&
           std::string_view(name.data()) == "prime256v1";
}

void must(int result) {
    if (result == 1) return;
    ERR_clear_error();
    throw std::runtime_error("a signature could not be made");
}

std::string sign(EVP_PKEY* key, std::string_view data) {
    const std::unique_ptr<EVP_MD_CTX, freed<EVP_MD_CTX_free>> context(EVP_MD_CTX_new());
    const auto* const bytes = reinterpret_cast<const unsigned char*>(data.data());
    std::size_t size = 0;
    must(EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key));
    must(EVP_DigestSign(context.get(), nullptr, &size, bytes, data.size()));
    std::string out(size, '\0');
    must(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes, data.size()));
    out.resize(size);
    return out;
}

// ECDSA's DER form as the two numbers one after the other (RFC 7518, section 3.4).
std::string joined_numbers(const std::string& der) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const std::unique_ptr<ECDSA_SIG, freed<ECDSA_SIG_free>> parts(
        d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size())));
    std::string out(2 * p256_bytes, '\0');
    auto* const to = reinterpret_cast<unsigned char*>(out.data());
    must(parts && BN_bn2binpad(ECDSA_SIG_get0_r(parts.get()), to, p256_bytes) == p256_bytes &&
         BN_bn2binpad(ECDSA_SIG_get0_s(parts.get()), to + p256_bytes, p256_bytes) == p256_bytes);
    return out;
}

}  // namespace

void signing_key::release::operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }

signing_key::signing_key(const core::secret& pem, signature algorithm) : algorithm_(algorithm) {
    const std::unique_ptr<BIO, freed<BIO_free>> memory(
        BIO_new_mem_buf(pem.reveal().data(), static_cast<int>(pem.size())));
    key_.reset(PEM_read_bio_PrivateKey(memory.get(), nullptr, &no_pass_phrase, nullptr));
    ERR_clear_error();
    if (!key_) throw std::invalid_argument("holds no private key that can be read");
    if (algorithm == signature::es256 && !is_p256(key_.get()))
        throw std::invalid_argument("holds a private key that is not of the curve P-256");
    if (algorithm == signature::rs256 &&
        (EVP_PKEY_is_a(key_.get(), "RSA") != 1 || EVP_PKEY_get_bits(key_.get()) < min_rsa_bits))
        throw std::invalid_argument("holds a private key that is no RSA key of 2048 bits or more");
}

core::secret signing_key::sign_jwt(std::string_view header, std::string_view claims) const {
    auto text = base64url(header) + "." + base64url(claims);
    auto tag = sign(key_.get(), text);
    if (algorithm_ == signature::es256) tag = joined_numbers(tag);
    text += "." + base64url(tag);
    return core::secret(std::move(text));
}

}  // namespace veil::crypto
