#include <string>
#include <veil/core/address.hpp>
#include <veil/limits/gate.hpp>

namespace veil::limits {
namespace {

constexpr std::size_t v4_first = 12, network_bytes_v6 = 8;

enum class key_kind { address, account };

// One line of the table.
struct line {
    std::string_view name;
    rule policies::* under;
    key_kind key;
};

line line_of(route_class of, bool signed_in) {
    switch (of) {
        case route_class::registration:
            return {registration_policy, &policies::registration, key_kind::address};
        case route_class::login:
            return {login_policy, &policies::login, key_kind::address};
        case route_class::push_test:
            return {"push-test", &policies::push_test, signed_in ? key_kind::account : key_kind::address};
        default:
            return signed_in ? line{"account", &policies::account, key_kind::account}
                             : line{"address", &policies::address, key_kind::address};
    }
}

std::chrono::microseconds now() {
    return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

std::string network_of(std::string_view address) {
    const auto parsed = core::parse_address(address);
    if (!parsed) return std::string(address);
    const auto* const bytes = reinterpret_cast<const char*>(parsed->bytes.data());
    if (parsed->is_v4()) return std::string(bytes + v4_first, parsed->bytes.size() - v4_first);
    return std::string(bytes, network_bytes_v6);
}

std::optional<verdict> gate::take(route_class of, std::string_view address, std::string_view account) {
    if (of == route_class::unlimited) return std::nullopt;
    const auto by = line_of(of, !account.empty());
    const auto& under = table_.*by.under;
    if (under.is_off()) return std::nullopt;
    std::string key(by.name);
    key += '\0';
    key += by.key == key_kind::account ? std::string(account) : network_of(address);
    const auto out = buckets_.take(by.name, under, key, now());
    refused_ += out.allowed ? 0 : 1;
    return out;
}

}  // namespace veil::limits
