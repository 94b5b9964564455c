#include <map>
#include <pqxx/pqxx>
#include <veil/core/errors.hpp>
#include <veil/crypto/digest.hpp>
#include <veil/crypto/encoding.hpp>
#include <veil/db/migrations.hpp>
#include <veil/log/log.hpp>

namespace veil::db {
namespace {

constexpr long long migration_lock = 0x5665696c;  // "Veil"

using applied_checksums = std::map<std::string, std::string>;

std::string checksum(const migration& m) { return crypto::hex(crypto::sha256(m.sql)); }

applied_checksums read_applied(pqxx::work& tx) {
    applied_checksums applied;
    if (tx.exec1("SELECT to_regclass('schema_migrations') IS NOT NULL")[0].as<bool>())
        for (const auto& row : tx.exec("SELECT name, checksum FROM schema_migrations"))
            applied.emplace(row[0].as<std::string>(), row[1].as<std::string>());
    return applied;
}

void refuse_foreign_history(const applied_checksums& applied, const std::vector<migration>& all) {
    auto unknown = applied;
    for (const auto& m : all) {
        const auto it = applied.find(m.name);
        if (it != applied.end() && it->second != checksum(m))
            throw schema_mismatch("migration " + m.name +
                                  " was edited after it had been applied; add a new one instead");
        unknown.erase(m.name);
    }
    if (!unknown.empty())
        throw schema_mismatch("the database has migration " + unknown.begin()->first +
                              ", which this server does not know");
}

void apply(pqxx::connection& connection, const migration& m) {
    pqxx::work tx(connection);
    tx.exec(m.sql);
    tx.exec_params("INSERT INTO schema_migrations (name, checksum) VALUES ($1, $2)", m.name, checksum(m));
    tx.commit();
    log::info("migration {} applied", m.name);
}

std::size_t migrate_locked(pqxx::connection& connection, const std::vector<migration>& all) {
    pqxx::work tx(connection);
    const auto applied = read_applied(tx);
    refuse_foreign_history(applied, all);
    tx.exec(
        "CREATE TABLE IF NOT EXISTS schema_migrations (name text PRIMARY KEY, checksum text NOT NULL, "
        "applied_at timestamptz NOT NULL DEFAULT now())");
    tx.commit();
    std::size_t count = 0;
    for (const auto& m : all) {
        if (applied.contains(m.name)) continue;
        apply(connection, m);
        ++count;
    }
    return count;
}

}  // namespace

std::size_t migrate(const core::secret& dsn, const std::vector<migration>& all) {
    try {
        pqxx::connection connection(dsn.reveal());
        {
            pqxx::nontransaction lock(connection);
            lock.exec("SET statement_timeout = 0; SET lock_timeout = 0");
            lock.exec("SELECT pg_advisory_lock(" + std::to_string(migration_lock) + ")");
        }
        return migrate_locked(connection, all);  // the end of the connection gives the lock back
    } catch (const pqxx::broken_connection& error) {
        throw core::unavailable(std::string("database: ") + error.what());
    }
}

void check_schema(const core::secret& dsn, const std::vector<migration>& all) {
    try {
        pqxx::connection connection(dsn.reveal());
        pqxx::work tx(connection);
        const auto applied = read_applied(tx);
        refuse_foreign_history(applied, all);
        for (const auto& m : all)
            if (!applied.contains(m.name))
                throw schema_mismatch("migration " + m.name + " has not been applied; run: veil-api migrate");
    } catch (const pqxx::broken_connection& error) {
        throw core::unavailable(std::string("database: ") + error.what());
    }
}

}  // namespace veil::db
