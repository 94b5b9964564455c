// Any text as an address, a network, and a list of X-Forwarded-For: what is taken is an address, a client whose peer
// nobody trusts is its peer, and a list speaks only for addresses that stand in it. The first line is the address or
// network, each further one a line of the header.
#include <stdexcept>
#include <string>
#include <veil/core/address.hpp>
#include <veil/core/ascii.hpp>
#include <veil/http/proxies.hpp>

#include "fuzz.hpp"

using namespace veil;
using fuzz::demand;

namespace {

constexpr const char* proxy = "127.0.0.1";
constexpr const char* stranger = "192.0.2.1";
const http::proxies trusting({core::parse_network("127.0.0.0/8"), core::parse_network("2001:db8::/32")});

void check_address(std::string_view text) {
    const auto address = core::parse_address(text);
    if (!address) return;
    demand(text.find_first_of(std::string_view("\0 ,\r\n", 5)) == std::string_view::npos || text.contains('%'));
    const auto again = core::parse_address(core::to_text(*address));
    demand(again && *again == *address);
}

void check_network(std::string_view text) {
    try {
        const auto network = core::parse_network(text);
        demand(network.prefix >= 0 && network.prefix <= 128 && network.contains(network.first));
        auto other = network.first;
        other.bytes[0] ^= 0x80;
        demand(network.contains(other) == (network.prefix == 0));
    } catch (const std::invalid_argument&) {
    }
}

// Whether the address is the peer's or one of the list's.
bool is_known(const http::request& r, const std::string& client) {
    for (const auto& [_, list] : r.headers)
        for (std::string_view left = list; !left.empty();
             left.remove_prefix(std::min(left.find(','), left.size() - 1) + 1)) {
            const auto entry = core::parse_address(core::trim(left.substr(0, left.find(','))));
            if (entry && core::to_text(*entry) == client) return true;
        }
    return client == r.peer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input input(data, size);
    const auto first = input.line();
    check_address(first);
    check_network(first);
    http::request request;
    while (!input.rest().empty()) request.headers.emplace_back("X-Forwarded-For", input.line());
    request.peer = stranger;
    demand(trusting.client_of(request) == stranger);
    request.peer = proxy;
    const auto client = trusting.client_of(request);
    demand(core::parse_address(client).has_value() && is_known(request, client));
    return 0;
}
