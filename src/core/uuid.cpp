#include <openssl/rand.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <veil/core/uuid.hpp>

namespace veil::core {
namespace {

// One call to the generator costs as much for 16 bytes as for 1024, so each thread keeps a stock.
void take_random(unsigned char* out, std::size_t size) {
    thread_local std::array<unsigned char, 1024> stock;
    thread_local std::size_t used = stock.size();
    if (used + size > stock.size()) {
        if (RAND_bytes(stock.data(), static_cast<int>(stock.size())) != 1)
            throw std::runtime_error("the random number generator failed");
        used = 0;
    }
    std::memcpy(out, stock.data() + used, size);
    OPENSSL_cleanse(stock.data() + used, size);
    used += size;
}

}  // namespace

std::string uuid4() {
    static constexpr char hex[] = "0123456789abcdef";
    std::array<unsigned char, 16> bytes;
    take_random(bytes.data(), bytes.size());
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
    std::string out(36, '-');
    std::size_t at = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) ++at;
        out[at++] = hex[bytes[i] >> 4];
        out[at++] = hex[bytes[i] & 15];
    }
    return out;
}

bool is_uuid(std::string_view text) noexcept {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !std::string_view("0123456789abcdef").contains(text[i])) return false;
    }
    return true;
}

}  // namespace veil::core
