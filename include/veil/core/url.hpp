// https:// and wss:// addresses. Any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace veil::core {

struct https_url {
    std::string host;
    std::uint16_t port = 443;
    std::string path;  // without a trailing slash
};

// Throws std::invalid_argument when the text is not https://host[:port][/path] without a user; IPv6 addresses stand in
// brackets.
https_url parse_https_url(std::string_view text);

// The origin wss://host[:port] of an address that may have a path, as a Content-Security-Policy names it. Throws
// std::invalid_argument when the text is no such address, or its host is neither a domain name nor an IPv4 address.
std::string wss_origin(std::string_view text);

}  // namespace veil::core
