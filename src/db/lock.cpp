#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <veil/db/lock.hpp>

namespace veil::db {

void lock_until_end(pqxx::work& tx, const std::string& name) {
    tx.exec_params("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", name);
}

void lock_until_end(pqxx::work& tx, const std::vector<std::string>& names) {
    tx.exec_params(
        "SELECT pg_advisory_xact_lock(key) FROM (SELECT DISTINCT hashtextextended(name, 0) AS key "
        "FROM jsonb_array_elements_text($1::jsonb) AS name ORDER BY key) AS keys",
        nlohmann::json(names).dump());
}

}  // namespace veil::db
