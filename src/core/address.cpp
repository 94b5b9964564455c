#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <veil/core/address.hpp>

namespace veil::core {
namespace {

constexpr std::array<std::uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
constexpr int mapped_bits = 96;
constexpr int all_bits = 128;

// The address with every bit behind the prefix cleared.
ip_address masked(ip_address address, int prefix) {
    for (int i = 0; i < 16; ++i) {
        const int kept = std::clamp(prefix - i * 8, 0, 8);
        address.bytes[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xff00 >> kept);
    }
    return address;
}

}  // namespace

bool ip_address::is_v4() const noexcept { return std::equal(mapped.begin(), mapped.end(), bytes.begin()); }

std::optional<ip_address> parse_address(std::string_view text) {
    if (text.contains('\0')) return std::nullopt;  // inet_pton would not see what stands behind it
    const std::string plain(text.substr(0, text.find('%')));
    ip_address out;
    if (::inet_pton(AF_INET6, plain.c_str(), out.bytes.data()) == 1) return out;
    if (plain.size() != text.size() || ::inet_pton(AF_INET, plain.c_str(), out.bytes.data() + mapped.size()) != 1)
        return std::nullopt;
    std::ranges::copy(mapped, out.bytes.begin());
    return out;
}

std::string to_text(const ip_address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.is_v4())
        ::inet_ntop(AF_INET, address.bytes.data() + mapped.size(), text.data(), text.size());
    else
        ::inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
    return text.data();
}

bool ip_network::contains(const ip_address& address) const noexcept { return masked(address, prefix) == first; }

ip_network parse_network(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) throw std::invalid_argument("names no IP address or network: " + std::string(text));
    ip_network out{.first = *address};
    if (slash == std::string_view::npos) return out;
    const auto length = text.substr(slash + 1);
    const bool v4 = text.find(':') == std::string_view::npos;
    int prefix = -1;
    const auto [end, error] = std::from_chars(length.data(), length.data() + length.size(), prefix);
    const bool whole = error == std::errc{} && end == length.data() + length.size();
    if (!whole || prefix < 0 || prefix > (v4 ? all_bits - mapped_bits : all_bits))
        throw std::invalid_argument("names a network without a proper length: " + std::string(text));
    out.prefix = v4 ? prefix + mapped_bits : prefix;
    if (masked(*address, out.prefix) != *address)
        throw std::invalid_argument("names a network with bits behind its length: " + std::string(text));
    return out;
}

}  // namespace veil::core
