// The text of a rate limit.
#pragma once

#include <string_view>
#include <veil/config/config.hpp>

namespace veil::config {

// "10/m,burst=20": ten a minute (s, m, h or d), and up to twenty at once; without a burst as many at once as the rate
// says. "0": no limit. Throws std::invalid_argument.
rate parse_rate(std::string_view text);

}  // namespace veil::config
