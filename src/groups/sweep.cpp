#include "sweep.hpp"

#include <pqxx/pqxx>
#include <veil/async/jitter.hpp>
#include <veil/async/pause.hpp>
#include <veil/core/errors.hpp>
#include <veil/log/log.hpp>

namespace veil::groups {
namespace {

using namespace std::chrono_literals;
using ejabberd::affiliation;
using std::chrono::steady_clock;

constexpr int batch = 50;
constexpr std::chrono::milliseconds rest_interval{1'000};
constexpr std::chrono::milliseconds failure_interval{5'000};

}  // namespace

awaitable<void> sweep::run_forever() {
    while (true) {
        const auto begin = steady_clock::now();
        steady_clock::duration rest = async::jittered(failure_interval);
        try {
            const bool more = co_await run_once();
            rest = more ? steady_clock::now() - begin : async::jittered(rest_interval);  // as long as the work took
        } catch (const core::unavailable& error) {
            log::warn("groups are compared with their rooms later: {}", error.what());
        }
        co_await async::pause(rest);
    }
}

// False: there is nothing more to compare for now.
awaitable<bool> sweep::run_once() {
    const auto groups = co_await take_next();
    for (const auto& group : groups) {
        try {
            co_await compare(group);
        } catch (const core::refused& error) {
            log::warn("a group cannot be compared with its room: {}", error.what());
        } catch (const core::api_error& error) {
            log::warn("a group cannot be compared with its room: {}", error.what());
        }
    }
    if (groups.size() == batch) co_return true;
    co_await prune();
    co_return false;
}

awaitable<std::vector<sweep::snapshot>> sweep::take_next() {
    co_return co_await database_.run([&](pqxx::work& tx) {
        std::vector<snapshot> taken;
        for (const auto& row : tx.exec_params(
                 "WITH taken AS (UPDATE groups SET checked_at = now() WHERE group_id IN (SELECT group_id FROM groups "
                 "WHERE checked_at < now() - $1 * interval '1 second' AND state IN ('active', 'missing') "
                 "ORDER BY checked_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING group_id, name, state) "
                 "SELECT t.group_id, t.name, t.state, m.jid, m.affiliation FROM taken t "
                 "LEFT JOIN group_members m ON m.group_id = t.group_id AND m.affiliation <> 'none' ORDER BY t.group_id",
                 interval_.count(), batch)) {
            const auto group_id = row[0].as<std::string>();
            if (taken.empty() || taken.back().group_id != group_id)
                taken.push_back({.group_id = group_id,
                                 .name = row[1].as<std::string>(),
                                 .missing = row[2].as<std::string>() == "missing",
                                 .members = {}});
            if (!row[3].is_null())
                taken.back().members[row[3].as<std::string>()] = ejabberd::affiliation_of(row[4].as<std::string>());
        }
        return taken;
    });
}

awaitable<void> sweep::compare(const snapshot& group) {
    const auto in_room = co_await rooms_.affiliations(group.group_id);
    const auto options = in_room ? co_await rooms_.options(group.group_id) : std::nullopt;
    const bool missing = !options;
    if (missing != group.missing) co_await note_presence(group.group_id, missing);
    if (missing) co_return;
    co_await compare_options(group, *options);
    co_await compare_members(group, *in_room);
    co_await compare_subscribers(group, *in_room);
    if (options->unsafe.contains("allow_subscription"))  // ejabberd has ended them all
        for (const auto& [jid, _] : group.members) co_await adoptions_.adopt(group.group_id, jid);
}

// A difference may be a change of ours under way; that comes out when it is looked at alone.
awaitable<void> sweep::compare_members(const snapshot& group, const std::map<std::string, affiliation>& in_room) {
    for (const auto& [jid, role] : in_room) {
        const auto ours = group.members.find(jid);
        const bool none_here = ours == group.members.end();
        const bool none_there = role == affiliation::none || role == affiliation::outcast;
        if (none_here ? !none_there : ours->second != role) co_await adoptions_.adopt(group.group_id, jid);
    }
    for (const auto& [jid, role] : group.members)
        if (!in_room.contains(jid)) co_await adoptions_.adopt(group.group_id, jid);
}

// Somebody may have come in while his room stood open. A member who wants no messages may end his subscription.
awaitable<void> sweep::compare_subscribers(const snapshot& group, const std::map<std::string, affiliation>& in_room) {
    for (const auto& jid : co_await rooms_.subscribers(group.group_id)) {
        const auto found = in_room.find(jid);
        if (found == in_room.end() || found->second == affiliation::outcast)
            co_await adoptions_.adopt(group.group_id, jid);
    }
}

awaitable<void> sweep::compare_options(const snapshot& group, const ejabberd::room_options& in_room) {
    if (in_room.title != group.name) co_await adoptions_.adopt(group.group_id, {});
    for (const auto& [option, value] : in_room.unsafe) {
        log::warn("a room's option {} is put back", option);
        co_await rooms_.set_option(group.group_id, option, value);
    }
}

// A room that is gone takes its group out of sight; one that is back brings it back.
awaitable<void> sweep::note_presence(std::string group_id, bool missing) {
    log::warn("the room of group {} is {}", group_id, missing ? "gone" : "there again");
    co_await database_.run([&](pqxx::work& tx) {
        tx.exec_params(
            "UPDATE groups SET state = CASE WHEN $2 THEN 'missing' ELSE 'active' END, "
            "missing_at = CASE WHEN $2 THEN now() END WHERE group_id = $1 AND state IN ('active', 'missing')",
            group_id, missing);
    });
}

// Its owner has destroyed the room, or ejabberd lost it: time enough to bring a backup back.
awaitable<void> sweep::prune() {
    co_await database_.run([&](pqxx::work& tx) {
        tx.exec_params(
            "DELETE FROM groups WHERE group_id IN (SELECT group_id FROM groups WHERE state = 'missing' "
            "AND missing_at < now() - interval '7 days' LIMIT $1 FOR UPDATE SKIP LOCKED)",
            batch);
    });
}

}  // namespace veil::groups
