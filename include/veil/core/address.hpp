// IP addresses and networks, IPv4 as its mapped IPv6 form (RFC 4291, section 2.5.5.2), so that there is one kind. Any
// thread.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace veil::core {

struct ip_address {
    std::array<std::uint8_t, 16> bytes{};

    bool is_v4() const noexcept;
    bool operator==(const ip_address&) const = default;
};

// nullopt for what is no address. A zone (%eth0) is ignored.
std::optional<ip_address> parse_address(std::string_view text);

// As clients write it: 192.0.2.1, 2001:db8::1.
std::string to_text(const ip_address& address);

struct ip_network {
    ip_address first;
    int prefix = 128;  // bits, of the mapped form

    bool contains(const ip_address& address) const noexcept;
};

// 10.0.0.0/8, 2001:db8::/32, or one address. Throws std::invalid_argument, also when bits behind the prefix are set.
ip_network parse_network(std::string_view text);

}  // namespace veil::core
