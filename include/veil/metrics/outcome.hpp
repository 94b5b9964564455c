// One word for what came of a call to another server, so that all metrics say it alike. Any thread.
#pragma once

#include <exception>
#include <string_view>

namespace veil::metrics {

// A literal: ok for null, else overloaded, timed_out (also what a time limit further up has cancelled), unavailable,
// refused or failed.
std::string_view outcome_of(const std::exception_ptr& thrown) noexcept;

}  // namespace veil::metrics
