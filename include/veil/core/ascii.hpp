// ASCII rules of HTTP, JIDs and configuration; never the locale's. Any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace veil::core {

constexpr char to_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

std::string to_lower(std::string_view text);
bool iequals(std::string_view a, std::string_view b) noexcept;

// Without leading and trailing spaces and tabs.
std::string_view trim(std::string_view text) noexcept;

// The parts of a comma-separated list, trimmed, empty ones left out.
std::vector<std::string> split_list(std::string_view text);

}  // namespace veil::core
