#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <veil/core/url.hpp>

namespace veil::core {

https_url parse_https_url(std::string_view text) {
    constexpr std::string_view scheme = "https://";
    const auto fail = [&] { throw std::invalid_argument(std::string(text) + " is not an https:// address"); };
    if (!text.starts_with(scheme)) fail();
    auto rest = text.substr(scheme.size());
    https_url url;
    if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
        url.path = rest.substr(slash);
        while (url.path.ends_with('/')) url.path.pop_back();
        rest = rest.substr(0, slash);
    }
    const auto colon = rest.rfind(':');
    const bool has_port = colon != std::string_view::npos && !rest.ends_with(']');
    if (has_port) {
        const auto digits = rest.substr(colon + 1);
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), url.port);
        if (error != std::errc{} || end != digits.data() + digits.size()) fail();
        rest = rest.substr(0, colon);
    }
    if (rest.starts_with('[') && rest.ends_with(']')) rest = rest.substr(1, rest.size() - 2);
    if (rest.empty()) fail();
    url.host = rest;
    return url;
}

std::string wss_origin(std::string_view text) {
    constexpr std::string_view scheme = "wss://";
    const auto invalid = [] { return std::invalid_argument("is not a wss:// address"); };
    const auto is_visible = [](char c) { return c > ' ' && c <= '~'; };
    const auto in_host = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    };
    if (!text.starts_with(scheme) || !std::ranges::all_of(text, is_visible)) throw invalid();
    const auto authority = text.substr(scheme.size(), text.find('/', scheme.size()) - scheme.size());
    const auto colon = authority.find(':');
    const auto host = authority.substr(0, colon);
    if (host.empty() || !std::ranges::all_of(host, in_host)) throw invalid();
    if (colon != std::string_view::npos) {
        const auto digits = authority.substr(colon + 1);
        std::uint16_t port = 0;
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
        if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) throw invalid();
    }
    return std::string(scheme).append(authority);
}

}  // namespace veil::core
