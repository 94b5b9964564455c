// How much waits in a table of operations. Pool threads only.
#pragma once

#include <cstdint>
#include <pqxx/transaction>

namespace veil::db {

struct backlog {
    std::int64_t pending = 0;
    double oldest_seconds = 0;  // since it was written down; 0 when there is none
};

// table: one with a column created_at.
backlog read_backlog(pqxx::work& tx, const char* table);

}  // namespace veil::db
