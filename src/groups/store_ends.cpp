#include <nlohmann/json.hpp>

#include "rows.hpp"
#include "store.hpp"

namespace veil::groups {

void note_due(pqxx::work& tx, const std::string& group_id, const std::string& jid, const std::string& kind,
              const std::string& previous) {
    tx.exec_params(
        "INSERT INTO group_operations (group_id, jid, kind, previous, lease_until) VALUES ($1, $2, $3, $4, now()) "
        "ON CONFLICT (group_id, jid) DO UPDATE SET id = gen_random_uuid(), kind = excluded.kind, "
        "previous = excluded.previous, attempts = 0, lease_until = excluded.lease_until",
        group_id, jid, kind, previous);
}

void end_group(pqxx::work& tx, const std::string& group_id) {
    tx.exec_params("UPDATE groups SET state = 'deleting' WHERE group_id = $1", group_id);
    note_due(tx, group_id, "", "delete", "");
}

std::optional<new_owner> ensure_owner(pqxx::work& tx, const std::string& group_id) {
    const auto rows = tx.exec_params(
        "SELECT jid, affiliation FROM group_members WHERE group_id = $1 AND affiliation <> 'none' "
        "ORDER BY array_position('{owner,admin,member}', affiliation), member_since, jid LIMIT 1",
        group_id);
    if (rows.empty()) {
        end_group(tx, group_id);
        return std::nullopt;
    }
    const auto first = rows[0][0].as<std::string>();
    const auto role = rows[0][1].as<std::string>();
    if (role == "owner") return std::nullopt;
    write_member(tx, group_id, first, affiliation::owner);
    note_due(tx, group_id, first, "member", role);
    return new_owner{.group_id = group_id, .jid = first, .previous = role};
}

awaitable<void> store::end(operation done) {
    co_await database_.run([&](pqxx::work& tx) {
        lock_group(tx, done.group_id);
        take_away(tx, done);
    });
}

awaitable<void> store::revert(operation refused) {
    co_await database_.run([&](pqxx::work& tx) {
        lock_group(tx, refused.group_id);
        if (!is_ours(tx, refused)) return;
        if (refused.what == kind::member)
            write_member(tx, refused.group_id, refused.jid, ejabberd::affiliation_of(refused.previous));
        else if (refused.what == kind::rename)
            tx.exec_params("UPDATE groups SET name = $2 WHERE group_id = $1", refused.group_id, refused.previous);
        else if (refused.what == kind::remove)
            tx.exec_params("UPDATE groups SET state = 'active' WHERE group_id = $1", refused.group_id);
        take_away(tx, refused);
    });
}

awaitable<void> store::end_removal(operation done) {
    co_await database_.run([&](pqxx::work& tx) {
        lock_group(tx, done.group_id);
        if (is_ours(tx, done)) tx.exec_params("DELETE FROM groups WHERE group_id = $1", done.group_id);
    });
}

awaitable<std::optional<std::vector<operation>>> store::end_creation(operation done) {
    co_return co_await database_.run([&](pqxx::work& tx) -> std::optional<std::vector<operation>> {
        lock_group(tx, done.group_id);
        if (!take_away(tx, done)) return std::nullopt;
        tx.exec_params("UPDATE groups SET state = 'active' WHERE group_id = $1", done.group_id);
        std::vector<operation> uninvited;
        for (const auto& row : tx.exec_params("WITH noted AS (INSERT INTO group_operations (group_id, jid, kind, "
                                              "previous, lease_until) SELECT group_id, jid, 'member', 'none', " +
                                                  std::string(lease) +
                                                  " FROM group_members WHERE group_id = $1 AND affiliation = 'member' "
                                                  "RETURNING *) SELECT " +
                                                  operation_columns + " FROM noted" + operation_joins,
                                              done.group_id))
            uninvited.push_back(read_operation(row));
        return uninvited;
    });
}

awaitable<void> store::end_all(std::vector<operation> done) {
    auto ids = nlohmann::json::array();
    for (const auto& each : done) ids.push_back(each.id);
    co_await database_.run([&](pqxx::work& tx) {
        lock_group(tx, done.front().group_id);
        tx.exec_params(
            "DELETE FROM group_operations WHERE id IN (SELECT e::uuid FROM jsonb_array_elements_text($1::jsonb) AS e)",
            ids.dump());
    });
}

awaitable<void> store::abandon(operation failed) {
    co_await database_.run([&](pqxx::work& tx) {
        lock_group(tx, failed.group_id);
        if (!is_ours(tx, failed)) return;
        tx.exec_params("UPDATE groups SET state = 'deleting' WHERE group_id = $1", failed.group_id);
        tx.exec_params(
            "UPDATE group_operations SET kind = 'delete', lease_until = " + std::string(lease) + " WHERE id = $1",
            failed.id);
    });
}

awaitable<std::optional<std::vector<new_owner>>> store::adopt_member(operation current, affiliation seen,
                                                                     std::optional<person> who) {
    co_return co_await database_.run([&](pqxx::work& tx) -> std::optional<std::vector<new_owner>> {
        if (seen != affiliation::none) hold(tx, {*who});
        if (!lock_active(tx, current.group_id) || !is_ours(tx, current)) return std::nullopt;
        write_member(tx, current.group_id, current.jid, seen);
        std::vector<new_owner> heirs;
        if (auto heir = ensure_owner(tx, current.group_id)) heirs.push_back(std::move(*heir));
        return heirs;
    });
}

awaitable<void> store::adopt_name(operation current, std::string name) {
    co_await database_.run([&](pqxx::work& tx) {
        if (lock_active(tx, current.group_id) && is_ours(tx, current))
            tx.exec_params("UPDATE groups SET name = $2 WHERE group_id = $1", current.group_id, name);
    });
}

awaitable<std::optional<operation>> store::take_due() {
    co_return co_await database_.run([&](pqxx::work& tx) {
        return first_operation(tx.exec(
            "WITH taken AS (UPDATE group_operations SET id = gen_random_uuid(), lease_until = " + std::string(lease) +
            " WHERE id = (SELECT id FROM group_operations WHERE lease_until < now() ORDER BY lease_until LIMIT 1 "
            "FOR UPDATE SKIP LOCKED) RETURNING *) SELECT " +
            operation_columns + " FROM taken" + operation_joins));
    });
}

awaitable<std::optional<operation>> store::take_due_of(std::string jid) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        return first_operation(tx.exec_params(
            "WITH taken AS (UPDATE group_operations SET id = gen_random_uuid(), lease_until = " + std::string(lease) +
                " WHERE id = (SELECT id FROM group_operations WHERE jid = $1 AND lease_until < now() LIMIT 1 "
                "FOR UPDATE SKIP LOCKED) RETURNING *) SELECT " +
                operation_columns + " FROM taken" + operation_joins,
            jid));
    });
}

awaitable<bool> store::has_operations(std::string jid) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        return !tx.exec_params("SELECT 1 FROM group_operations WHERE jid = $1 LIMIT 1", jid).empty();
    });
}

awaitable<void> store::postpone(std::string id) {
    co_await database_.run([&](pqxx::work& tx) {
        tx.exec_params(
            "UPDATE group_operations SET attempts = attempts + 1, lease_until = now() + "
            "least(power(2, least(attempts, 5)), 15) * (0.75 + random() / 2) * interval '1 second' WHERE id = $1",
            id);
    });
}

db::backlog read_backlog(pqxx::work& tx) { return db::read_backlog(tx, "group_operations"); }

}  // namespace veil::groups
