// Any text as an address from a configuration or a key file: it is taken apart into what it was made of, and nothing of
// it can break a header, or it is refused.
#include <algorithm>
#include <stdexcept>
#include <string>
#include <veil/core/ascii.hpp>
#include <veil/core/url.hpp>

#include "fuzz.hpp"

using namespace veil;
using fuzz::demand;

namespace {

bool is_visible(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c <= '~'; });
}

void check_https(std::string_view text) {
    try {
        const auto url = core::parse_https_url(text);
        demand(!url.host.empty() && url.port != 0 && is_visible(url.host) && is_visible(url.path));
        demand(url.path.empty() || (url.path.starts_with('/') && !url.path.ends_with('/')));
        const bool is_ipv6 = url.host.contains(':');
        const auto host = is_ipv6 ? "[" + url.host + "]" : url.host;
        const auto again = core::parse_https_url("https://" + host + ":" + std::to_string(url.port) + url.path);
        demand(again.host == url.host && again.port == url.port && again.path == url.path);
    } catch (const std::invalid_argument&) {
    }
}

void check_wss(std::string_view text) {
    try {
        const auto origin = core::wss_origin(text);
        demand(text.starts_with(origin) && is_visible(origin) &&
               origin.find_first_of("/;,'\"", 6) == std::string::npos);
        demand(core::wss_origin(origin) == origin);
    } catch (const std::invalid_argument&) {
    }
}

void check_list(std::string_view text) {
    for (const auto& part : core::split_list(text))
        demand(!part.empty() && !part.contains(',') && core::trim(part) == part);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = fuzz::input(data, size).rest();
    check_https(text);
    check_wss(text);
    check_list(text);
    return 0;
}
