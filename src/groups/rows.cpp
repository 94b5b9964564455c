#include "rows.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>
#include <veil/db/lock.hpp>

namespace veil::groups {
namespace {

kind kind_of(const std::string& word) {
    if (word == "create") return kind::create;
    if (word == "rename") return kind::rename;
    if (word == "delete") return kind::remove;
    if (word == "member") return kind::member;
    if (word == "adopt") return kind::adopt;
    throw std::logic_error("no such kind of group operation");
}

}  // namespace

operation read_operation(const pqxx::row& row) {
    return {.id = row["id"].as<std::string>(),
            .group_id = row["group_id"].as<std::string>(),
            .jid = row["jid"].as<std::string>(),
            .what = kind_of(row["kind"].as<std::string>()),
            .previous = row["previous"].as<std::string>(),
            .wanted = ejabberd::affiliation_of(row["wanted"].as<std::string>()),
            .name = row["name"].as<std::string>(),
            .attempts = row["attempts"].as<int>()};
}

std::optional<operation> first_operation(const pqxx::result& rows) {
    if (rows.empty()) return std::nullopt;
    return read_operation(rows[0]);
}

bool is_ours(pqxx::work& tx, const operation& current) {
    return !tx.exec_params("SELECT 1 FROM group_operations WHERE id = $1 FOR UPDATE", current.id).empty();
}

bool take_away(pqxx::work& tx, const operation& done) {
    if (tx.exec_params("DELETE FROM group_operations WHERE id = $1", done.id).affected_rows() == 0) return false;
    tx.exec_params("DELETE FROM group_members WHERE group_id = $1 AND jid = $2 AND affiliation = 'none'", done.group_id,
                   done.jid);
    return true;
}

void write_member(pqxx::work& tx, const std::string& group_id, const std::string& jid, affiliation wanted) {
    tx.exec_params(
        "INSERT INTO group_members (group_id, jid, affiliation) VALUES ($1, $2, $3) "
        "ON CONFLICT (group_id, jid) DO UPDATE SET affiliation = excluded.affiliation",
        group_id, jid, std::string(ejabberd::name_of(wanted)));
}

void hold(pqxx::work& tx, const std::vector<person>& people) {
    auto list = nlohmann::json::array();
    std::vector<std::string> jids;
    for (const auto& who : people) {
        jids.push_back(who.jid);
        list.push_back({{"jid", who.jid}, {"cutoff", who.cutoff}});
    }
    db::lock_until_end(tx, jids);
    const auto gone = tx.exec_params(
        "SELECT 1 FROM jsonb_to_recordset($1::jsonb) AS p (jid text, cutoff bigint) "
        "LEFT JOIN accounts a ON a.jid = p.jid LEFT JOIN token_cutoffs c ON c.jid = p.jid "
        "WHERE NOT (coalesce(a.state, 'none') = 'active' OR (a.state IS NULL AND coalesce(c.not_before, 0) = "
        "p.cutoff)) "
        "LIMIT 1",
        list.dump());
    if (!gone.empty()) throw core::api_error(user_not_found);
}

void lock_group(pqxx::work& tx, const std::string& group_id) {
    tx.exec_params("SELECT 1 FROM groups WHERE group_id = $1 FOR NO KEY UPDATE", group_id);
}

std::optional<std::string> lock_active(pqxx::work& tx, const std::string& group_id) {
    const auto rows = tx.exec_params("SELECT name, state FROM groups WHERE group_id = $1 FOR NO KEY UPDATE", group_id);
    if (rows.empty() || rows[0][1].as<std::string>() != "active") return std::nullopt;
    return rows[0][0].as<std::string>();
}

}  // namespace veil::groups
