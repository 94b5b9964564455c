#include <algorithm>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <veil/core/url.hpp>

namespace veil::core {
namespace {

bool is_visible(char c) { return c > ' ' && c <= '~'; }

bool in_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
}

// A host of a network of containers may have an underscore, which no domain has.
bool in_host(char c) { return in_name(c) || c == '_'; }
bool in_ipv6(char c) { return in_name(c) || c == ':'; }

std::optional<std::uint16_t> port_of(std::string_view digits) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) return std::nullopt;
    return port;
}

}  // namespace

https_url parse_https_url(std::string_view text) {
    constexpr std::string_view scheme = "https://";
    const auto invalid = [&] { return std::invalid_argument(std::string(text) + " is not an https:// address"); };
    if (!text.starts_with(scheme) || !std::ranges::all_of(text, is_visible)) throw invalid();
    auto rest = text.substr(scheme.size());
    https_url url;
    if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
        url.path = rest.substr(slash);
        while (url.path.ends_with('/')) url.path.pop_back();
        rest = rest.substr(0, slash);
    }
    if (const auto colon = rest.rfind(':'); colon != std::string_view::npos && !rest.ends_with(']')) {
        const auto port = port_of(rest.substr(colon + 1));
        if (!port) throw invalid();
        url.port = *port;
        rest = rest.substr(0, colon);
    }
    const bool is_ipv6 = rest.starts_with('[') && rest.ends_with(']');
    if (is_ipv6) rest = rest.substr(1, rest.size() - 2);
    if (rest.empty() || !std::ranges::all_of(rest, is_ipv6 ? in_ipv6 : in_host)) throw invalid();
    url.host = rest;
    return url;
}

std::string wss_origin(std::string_view text) {
    constexpr std::string_view scheme = "wss://";
    const auto invalid = [] { return std::invalid_argument("is not a wss:// address"); };
    if (!text.starts_with(scheme) || !std::ranges::all_of(text, is_visible)) throw invalid();
    const auto authority = text.substr(scheme.size(), text.find('/', scheme.size()) - scheme.size());
    const auto colon = authority.find(':');
    const auto host = authority.substr(0, colon);
    if (host.empty() || !std::ranges::all_of(host, in_name)) throw invalid();
    if (colon != std::string_view::npos && !port_of(authority.substr(colon + 1))) throw invalid();
    return std::string(scheme).append(authority);
}

}  // namespace veil::core
