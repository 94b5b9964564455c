#include "store.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "rows.hpp"

namespace veil::groups {
namespace {

affiliation role_in(pqxx::work& tx, const std::string& group_id, const std::string& jid) {
    const auto rows =
        tx.exec_params("SELECT affiliation FROM group_members WHERE group_id = $1 AND jid = $2", group_id, jid);
    return rows.empty() ? affiliation::none : ejabberd::affiliation_of(rows[0][0].as<std::string>());
}

// The group's name and the caller's role in it, both held still until the transaction ends.
std::pair<std::string, affiliation> enter(pqxx::work& tx, const std::string& group_id, const std::string& actor) {
    auto name = lock_active(tx, group_id);
    const auto role = name ? role_in(tx, group_id, actor) : affiliation::none;
    if (role == affiliation::none) throw core::api_error(group_not_found);
    return {std::move(*name), role};
}

situation look(pqxx::work& tx, const std::string& group_id, affiliation actor, const std::string& target,
               bool himself) {
    const auto row = tx.exec_params1(
        "SELECT count(*) FILTER (WHERE m.affiliation = 'owner' AND o.id IS NULL), count(*) FROM group_members m "
        "LEFT JOIN group_operations o ON o.group_id = m.group_id AND o.jid = m.jid "
        "WHERE m.group_id = $1 AND m.jid <> $2 AND m.affiliation <> 'none'",
        group_id, target);
    return {.actor = actor,
            .target = himself ? actor : role_in(tx, group_id, target),
            .himself = himself,
            .other_owners = row[0].as<int>() > 0,
            .others = row[1].as<int>() > 0};
}

attempt note(pqxx::work& tx, operation wanted, const std::string& word) {
    const auto rows = tx.exec_params(
        "INSERT INTO group_operations (group_id, jid, kind, previous, lease_until) VALUES ($1, $2, $3, $4, " +
            std::string(wanted.what == kind::create ? long_lease : lease) +
            ") ON CONFLICT (group_id, jid) DO NOTHING RETURNING id",
        wanted.group_id, wanted.jid, word, wanted.previous);
    if (rows.empty()) return {.busy = true, .begun = {}};
    wanted.id = rows[0][0].as<std::string>();
    return {.busy = false, .begun = std::move(wanted)};
}

attempt note_removal(pqxx::work& tx, const std::string& group_id, const std::string& name) {
    auto tried = note(tx, {.group_id = group_id, .what = kind::remove, .name = name}, "delete");
    if (tried.begun) tx.exec_params("UPDATE groups SET state = 'deleting' WHERE group_id = $1", group_id);
    return tried;
}

attempt note_change(pqxx::work& tx, const operation& wanted) {
    auto tried = note(tx, wanted, "member");
    if (tried.begun) write_member(tx, wanted.group_id, wanted.jid, wanted.wanted);
    return tried;
}

bool is_full(pqxx::work& tx, const std::string& group_id) {
    return tx.exec_params1("SELECT count(*) FROM group_members WHERE group_id = $1 AND affiliation <> 'none'",
                           group_id)[0]
               .as<std::size_t>() >= max_members;
}

}  // namespace

awaitable<std::vector<group>> store::list(std::string jid) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        std::vector<group> found;
        for (const auto& row :
             tx.exec_params("SELECT g.group_id, g.name FROM group_members m JOIN groups g USING (group_id) "
                            "WHERE m.jid = $1 AND m.affiliation <> 'none' AND g.state = 'active' ORDER BY "
                            "lower(g.name), g.group_id",
                            jid))
            found.push_back({.group_id = row[0].as<std::string>(), .jid = {}, .name = row[1].as<std::string>()});
        return found;
    });
}

awaitable<std::optional<std::vector<member>>> store::members(std::string group_id, std::string caller) {
    co_return co_await database_.run([&](pqxx::work& tx) -> std::optional<std::vector<member>> {
        std::vector<member> found;
        bool inside = false;
        for (const auto& row :
             tx.exec_params("SELECT m.jid, m.affiliation FROM groups g JOIN group_members m USING (group_id) "
                            "WHERE g.group_id = $1 AND g.state = 'active' AND m.affiliation <> 'none' ORDER BY "
                            "m.member_since, m.jid",
                            group_id)) {
            found.push_back({row[0].as<std::string>(), row[1].as<std::string>()});
            inside = inside || found.back().jid == caller;
        }
        return inside ? std::optional(std::move(found)) : std::nullopt;
    });
}

awaitable<bool> store::is_active(std::string group_id) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        return !tx.exec_params("SELECT 1 FROM groups WHERE group_id = $1 AND state = 'active'", group_id).empty();
    });
}

awaitable<affiliation> store::role_of(std::string group_id, std::string jid) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        const auto rows = tx.exec_params(
            "SELECT m.affiliation FROM groups g JOIN group_members m USING (group_id) "
            "WHERE g.group_id = $1 AND g.state = 'active' AND m.jid = $2",
            group_id, jid);
        return rows.empty() ? affiliation::none : ejabberd::affiliation_of(rows[0][0].as<std::string>());
    });
}

awaitable<std::vector<person>> store::look_up(std::vector<std::string> jids) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        std::vector<person> found;
        for (const auto& row :
             tx.exec_params("SELECT j.jid, a.state IS NOT NULL, coalesce(c.not_before, 0) "
                            "FROM jsonb_array_elements_text($1::jsonb) WITH ORDINALITY AS j (jid, place) "
                            "LEFT JOIN accounts a ON a.jid = j.jid LEFT JOIN token_cutoffs c ON c.jid = j.jid "
                            "WHERE a.state IS DISTINCT FROM 'deleting' ORDER BY j.place",
                            nlohmann::json(jids).dump()))
            found.push_back({row[0].as<std::string>(), row[1].as<bool>(), row[2].as<std::int64_t>()});
        return found;
    });
}

awaitable<operation> store::begin_creation(group wanted, std::string owner, std::vector<person> members) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        hold(tx, members);
        tx.exec_params("INSERT INTO groups (group_id, name, state) VALUES ($1, $2, 'creating')", wanted.group_id,
                       wanted.name);
        auto jids = nlohmann::json::array();
        for (const auto& who : members) jids.push_back(who.jid);
        // In the order of the request, so that there is one who has been a member for longest.
        tx.exec_params(
            "INSERT INTO group_members (group_id, jid, affiliation, member_since) "
            "SELECT $1, j.jid, CASE WHEN j.jid = $2 THEN 'owner' ELSE 'member' END, "
            "now() + j.place * interval '1 microsecond' "
            "FROM jsonb_array_elements_text($3::jsonb) WITH ORDINALITY AS j (jid, place)",
            wanted.group_id, owner, jids.dump());
        return *note(tx, {.group_id = wanted.group_id, .what = kind::create, .name = wanted.name}, "create").begun;
    });
}

awaitable<attempt> store::begin_change(std::string group_id, std::string actor, wish what, affiliation role,
                                       person target) {
    co_return co_await database_.run([&](pqxx::work& tx) -> attempt {
        if (what == wish::add) hold(tx, {target});
        const auto [name, actors_role] = enter(tx, group_id, actor);
        const auto now = look(tx, group_id, actors_role, target.jid, actor == target.jid);
        const auto decided = judge(what, role, now);
        if (decided == verdict::nothing_to_do) return {};
        if (decided == verdict::end_of_group) return note_removal(tx, group_id, name);
        if (what == wish::add && is_full(tx, group_id)) throw core::api_error(group_is_full);
        return note_change(tx, {.group_id = group_id,
                                .jid = target.jid,
                                .what = kind::member,
                                .previous = std::string(ejabberd::name_of(now.target)),
                                .wanted = role,
                                .name = name});
    });
}

awaitable<attempt> store::begin_renaming(std::string group_id, std::string actor, std::string name) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        auto [previous, role] = enter(tx, group_id, actor);
        if (!may_manage(role)) throw core::api_error(not_allowed);
        auto tried = note(
            tx, {.group_id = group_id, .what = kind::rename, .previous = std::move(previous), .name = name}, "rename");
        if (tried.begun) tx.exec_params("UPDATE groups SET name = $2 WHERE group_id = $1", group_id, name);
        return tried;
    });
}

awaitable<attempt> store::begin_removal(std::string group_id, std::string actor) {
    co_return co_await database_.run([&](pqxx::work& tx) {
        const auto [name, role] = enter(tx, group_id, actor);
        if (!may_manage(role)) throw core::api_error(not_allowed);
        return note_removal(tx, group_id, name);
    });
}

awaitable<attempt> store::begin_adoption(std::string group_id, std::string jid) {
    co_return co_await database_.run([&](pqxx::work& tx) -> attempt {
        auto name = lock_active(tx, group_id);
        if (!name) return {};
        return note(tx,
                    {.group_id = group_id,
                     .jid = jid,
                     .what = kind::adopt,
                     .wanted = role_in(tx, group_id, jid),
                     .name = std::move(*name)},
                    "adopt");
    });
}

}  // namespace veil::groups
