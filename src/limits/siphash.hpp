// SipHash-2-4 (Aumasson and Bernstein, 2012): a hash whose key nobody outside knows, so that nobody can choose
// addresses that meet in one place of a table. Any thread.
#pragma once

#include <cstdint>
#include <string_view>

namespace veil::limits {

struct sip_key {
    std::uint64_t first = 0, second = 0;
};

std::uint64_t siphash(const sip_key& key, std::string_view data) noexcept;

}  // namespace veil::limits
