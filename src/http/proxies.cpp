#include <algorithm>
#include <ranges>
#include <veil/core/ascii.hpp>
#include <veil/http/proxies.hpp>

namespace veil::http {
namespace {

// The entries of all lines of the header, from the left; empty ones too, as they are not what a proxy writes.
std::vector<std::string_view> entries_of(const request& r) {
    std::vector<std::string_view> out;
    for (const auto& [name, value] : r.headers) {
        if (!core::iequals(name, "X-Forwarded-For")) continue;
        for (const auto part : std::views::split(std::string_view(value), ','))
            out.push_back(core::trim(std::string_view(part.begin(), part.end())));
    }
    return out;
}

}  // namespace

bool proxies::is_trusted(const core::ip_address& address) const {
    return std::ranges::any_of(trusted_, [&](const core::ip_network& each) { return each.contains(address); });
}

std::string proxies::client_of(const request& r) const {
    const auto peer = core::parse_address(r.peer);
    if (!peer || !is_trusted(*peer)) return r.peer;
    auto client = *peer;
    for (const auto entry : entries_of(r) | std::views::reverse) {
        const auto address = core::parse_address(entry);
        if (!address) return r.peer;
        client = *address;
        if (!is_trusted(client)) break;
    }
    return core::to_text(client);
}

}  // namespace veil::http
