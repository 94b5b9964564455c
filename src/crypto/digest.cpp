#include <openssl/evp.h>

#include <array>
#include <stdexcept>
#include <veil/crypto/digest.hpp>
#include <veil/crypto/encoding.hpp>

namespace veil::crypto {
namespace {

std::string digest(const EVP_MD* algorithm, std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> out;
    unsigned int size = 0;
    if (EVP_Digest(data.data(), data.size(), out.data(), &size, algorithm, nullptr) != 1)
        throw std::runtime_error("digest failed");
    return {reinterpret_cast<const char*>(out.data()), size};
}

}  // namespace

std::string md5_hex(std::string_view data) { return hex(digest(EVP_md5(), data)); }
std::string sha256(std::string_view data) { return digest(EVP_sha256(), data); }

}  // namespace veil::crypto
