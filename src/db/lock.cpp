#include <pqxx/pqxx>
#include <veil/db/lock.hpp>

namespace veil::db {

void lock_until_end(pqxx::work& tx, const std::string& name) {
    tx.exec_params("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name);
}

}  // namespace veil::db
