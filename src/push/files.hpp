// Keys in files. Any thread.
#pragma once

#include <string>
#include <veil/core/secret.hpp>

namespace veil::push {

// The text of a file that holds a key. Throws std::invalid_argument, which names `variable` and says what is wrong.
core::secret read_secret_file(const std::string& variable, const std::string& path);

}  // namespace veil::push
