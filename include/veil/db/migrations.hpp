// Numbered migrations, sql/NNN_*.sql, embedded into the server. Each runs once, in a transaction, under an advisory
// lock so that several processes may start at once, and is recorded with a checksum. Blocking: called before the server
// serves.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>
#include <veil/core/secret.hpp>

namespace veil::db {

struct migration {
    std::string name;  // "001_accounts"
    std::string sql;
};

// What sql/ held when the server was built, in order.
const std::vector<migration>& embedded_migrations();

// The schema is not what this server needs, and running migrations does not help.
struct schema_mismatch : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// Applies what is missing; returns how many were applied. Throws schema_mismatch when an applied migration was edited
// or the database knows a newer one, core::unavailable when the database cannot be reached.
std::size_t migrate(const core::secret& dsn, const std::vector<migration>& all);

// Throws as migrate() does, and schema_mismatch when something is missing; changes nothing.
void check_schema(const core::secret& dsn, const std::vector<migration>& all);

}  // namespace veil::db
