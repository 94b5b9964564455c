// Statements that a connection parses and plans once, for what is asked all the time. Pool threads only.
#pragma once

#include <pqxx/connection>
#include <pqxx/result>
#include <pqxx/transaction_base>

namespace veil::db {

struct prepared {
    const char* name;  // the same for no other statement
    const char* sql;   // its parameters are $1, $2, ...
};

// As tx.exec_params, and throws the same. A connection prepares the statement when it first meets it.
template <class... Args>
pqxx::result exec(pqxx::transaction_base& tx, const prepared& statement, const Args&... args) {
    tx.conn().prepare(statement.name, statement.sql);
    return tx.exec_prepared(statement.name, args...);
}

}  // namespace veil::db
