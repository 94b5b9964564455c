#include <openssl/evp.h>
#include <openssl/rand.h>

#include <memory>
#include <stdexcept>
#include <veil/crypto/encoding.hpp>
#include <veil/crypto/hmac.hpp>
#include <veil/crypto/sealer.hpp>

namespace veil::crypto {
namespace {

constexpr int nonce_bytes = 12;
constexpr int tag_bytes = 16;

struct release {
    void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using cipher = std::unique_ptr<EVP_CIPHER_CTX, release>;

unsigned char* raw(std::string& bytes) { return reinterpret_cast<unsigned char*>(bytes.data()); }
const unsigned char* raw(std::string_view bytes) { return reinterpret_cast<const unsigned char*>(bytes.data()); }
int length(std::string_view bytes) { return static_cast<int>(bytes.size()); }

void must(int result) {
    if (result != 1) throw std::runtime_error("AES-GCM failed");
}

core::secret derive(const core::secret& secret, std::string_view purpose) {
    return core::secret(hmac(hash::sha256, secret).sign(purpose));
}

// bytes: nonce, ciphertext and tag.
std::optional<core::secret> open_with(const core::secret& key, const std::string& bytes, std::string_view context) {
    const auto nonce = bytes.substr(0, nonce_bytes);
    auto tag = bytes.substr(bytes.size() - tag_bytes);
    const auto encrypted = bytes.substr(nonce_bytes, bytes.size() - nonce_bytes - tag_bytes);
    std::string text(encrypted.size(), '\0');
    const cipher c(EVP_CIPHER_CTX_new());
    int n = 0;
    must(EVP_DecryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, raw(std::string_view(key.reveal())),
                            raw(std::string_view(nonce))));
    must(EVP_DecryptUpdate(c.get(), nullptr, &n, raw(context), length(context)));
    must(EVP_DecryptUpdate(c.get(), raw(text), &n, raw(std::string_view(encrypted)), length(encrypted)));
    must(EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes, tag.data()));
    core::secret opened(std::move(text));
    unsigned char nothing[tag_bytes];
    if (EVP_DecryptFinal_ex(c.get(), nothing, &n) != 1) return std::nullopt;
    return opened;
}

}  // namespace

sealer::sealer(const core::secret_pair& secret, std::string_view purpose) {
    keys_.push_back(derive(secret.current, purpose));
    if (!secret.previous.empty()) keys_.push_back(derive(secret.previous, purpose));
}

std::string sealer::seal(const core::secret& text, std::string_view context) const {
    std::string nonce(nonce_bytes, '\0');
    std::string encrypted(text.size(), '\0');
    std::string tag(tag_bytes, '\0');
    must(RAND_bytes(raw(nonce), nonce_bytes));
    const cipher c(EVP_CIPHER_CTX_new());
    int n = 0;
    must(EVP_EncryptInit_ex(c.get(), EVP_aes_256_gcm(), nullptr, raw(std::string_view(keys_.front().reveal())),
                            raw(nonce)));
    must(EVP_EncryptUpdate(c.get(), nullptr, &n, raw(context), length(context)));
    must(EVP_EncryptUpdate(c.get(), raw(encrypted), &n, raw(std::string_view(text.reveal())), length(text.reveal())));
    must(EVP_EncryptFinal_ex(c.get(), raw(tag), &n));
    must(EVP_CIPHER_CTX_ctrl(c.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes, tag.data()));
    return base64(nonce + encrypted + tag);
}

std::optional<core::secret> sealer::open(std::string_view sealed, std::string_view context) const {
    const auto bytes = from_base64(sealed);
    if (!bytes || bytes->size() < nonce_bytes + tag_bytes) return std::nullopt;
    for (const auto& key : keys_)
        if (auto opened = open_with(key, *bytes, context)) return opened;
    return std::nullopt;
}

}  // namespace veil::crypto
