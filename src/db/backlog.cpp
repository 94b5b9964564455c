#include <pqxx/pqxx>
#include <string>
#include <veil/db/backlog.hpp>

namespace veil::db {

backlog read_backlog(pqxx::work& tx, const char* table) {
    const auto row = tx.exec1(
        std::string("SELECT count(*), coalesce(extract(epoch FROM now() - min(created_at)), 0)::float8 FROM ") + table);
    return {row[0].as<std::int64_t>(), row[1].as<double>()};
}

}  // namespace veil::db
