// The one table of rate limits, and what this process counts of it. Owned by the application; I/O thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <veil/limits/buckets.hpp>
#include <veil/limits/rule.hpp>

namespace veil::limits {

// What the configuration says; a rule that is off lets everything pass.
struct policies {
    rule account;       // of any other route, by account
    rule address;       // the same where nobody has signed in, and of tokens that do not count
    rule registration;  // by address
    rule login;         // by address
    rule push_test;     // by account
};

// The part of an address that one customer has: all of IPv4, the first 64 bits of IPv6 (RFC 6177). What is no address
// stands for itself.
std::string network_of(std::string_view address);

class gate {
 public:
    explicit gate(const policies& table) : table_(table) {}

    // Counts a request to a route of class `of`; nullopt when no limit applies. `account` is empty when nobody has
    // signed in.
    std::optional<verdict> take(route_class of, std::string_view address, std::string_view account);

    // Requests that were refused here since the start.
    std::uint64_t refused() const noexcept { return refused_; }

 private:
    policies table_;
    buckets buckets_;
    std::uint64_t refused_ = 0;
};

}  // namespace veil::limits
