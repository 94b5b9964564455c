// Connection strings for libpq (PostgreSQL manual, section 34.1.1), with the time-outs that bound every use.
#pragma once

#include <cstdint>
#include <string>
#include <veil/core/secret.hpp>

namespace veil::db {

struct address {
    std::string host;
    std::uint16_t port = 5432;
    std::string name;
};

// The DSN of one role.
core::secret make_dsn(const address& where, const std::string& user, const core::secret& password);

// A postgresql:// address with the same time-outs added.
core::secret with_time_limits(const core::secret& url);

}  // namespace veil::db
