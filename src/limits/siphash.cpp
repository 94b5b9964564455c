#include "siphash.hpp"

#include <bit>
#include <cstddef>

namespace veil::limits {
namespace {

struct state {
    std::uint64_t a, b, c, d;

    void round() noexcept {
        a += b;
        c += d;
        b = std::rotl(b, 13) ^ a;
        d = std::rotl(d, 16) ^ c;
        a = std::rotl(a, 32);
        a += d;
        c += b;
        d = std::rotl(d, 21) ^ a;
        b = std::rotl(b, 17) ^ c;
        c = std::rotl(c, 32);
    }
    void absorb(std::uint64_t word) noexcept {
        d ^= word;
        round();
        round();
        a ^= word;
    }
};

// Up to eight bytes, the first one lowest.
std::uint64_t word_of(std::string_view bytes) noexcept {
    std::uint64_t out = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i)
        out |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    return out;
}

}  // namespace

std::uint64_t siphash(const sip_key& key, std::string_view data) noexcept {
    constexpr std::size_t word = 8;
    state s{key.first ^ 0x736f6d6570736575, key.second ^ 0x646f72616e646f6d, key.first ^ 0x6c7967656e657261,
            key.second ^ 0x7465646279746573};
    const auto length = static_cast<std::uint64_t>(data.size()) << 56;
    for (; data.size() >= word; data.remove_prefix(word)) s.absorb(word_of(data.substr(0, word)));
    s.absorb(length | word_of(data));
    s.c ^= 0xff;
    for (int i = 0; i < 4; ++i) s.round();
    return s.a ^ s.b ^ s.c ^ s.d;
}

}  // namespace veil::limits
