// The process's limit of open files, which every connection counts to.
#pragma once

#include <cstddef>
#include <veil/config/config.hpp>

namespace veil::app {

// Raises the limit as far as the operator allows (RLIMIT_NOFILE, soft to hard), says what it is, and returns how many
// connections the API may have: MAX_CONNECTIONS, or what files are left for.
std::size_t claim_connections(const config::settings& s);

}  // namespace veil::app
