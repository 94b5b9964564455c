// The SQL of groups: who is in which, and the operations under way. Every change locks the accounts it adds, then the
// group's row, so that changes of one group happen one after the other, whichever process makes them. A member that is
// on the way out has the affiliation none and counts as gone. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>
#include <veil/db/pool.hpp>
#include <veil/groups/service.hpp>

#include "rules.hpp"

namespace veil::groups {

enum class kind { create, rename, remove, member, adopt };

// One row of group_operations, with what the other tables say of it.
struct operation {
    std::string id;
    std::string group_id;
    std::string jid;  // empty: the room itself
    kind what = kind::member;
    std::string previous;  // the affiliation or the name before
    affiliation wanted = affiliation::none;
    std::string name;  // of the group
    int attempts = 0;  // of the reconciler, in vain
};

// A user as he was looked up.
struct person {
    std::string jid;
    bool has_account = false;  // false: perhaps known to ejabberd alone
    std::int64_t cutoff = 0;   // of his tokens: every deletion moves it
};

// What came of beginning an operation; neither: there is nothing to do.
struct attempt {
    bool busy = false;  // another one is under way on the same thing
    std::optional<operation> begun;
};

class store {
 public:
    explicit store(db::pool& database) : database_(database) {}

    awaitable<std::vector<group>> list(std::string jid);

    // nullopt when the caller is not in it.
    awaitable<std::optional<std::vector<member>>> members(std::string group_id, std::string caller);
    awaitable<bool> is_active(std::string group_id);
    awaitable<affiliation> role_of(std::string group_id, std::string jid);

    // Those who are being deleted are not among the result.
    awaitable<std::vector<person>> look_up(std::vector<std::string> jids);

    // The beginnings. Each throws the api_error that the caller must see. What is begun is the caller's for seven
    // seconds (a creation longer); who ends a group by leaving it gets the removal of the whole.
    awaitable<operation> begin_creation(group wanted, std::string owner, std::vector<person> members);
    awaitable<attempt> begin_change(std::string group_id, std::string actor, wish what, affiliation role,
                                    person target);
    awaitable<attempt> begin_renaming(std::string group_id, std::string actor, std::string name);
    awaitable<attempt> begin_removal(std::string group_id, std::string actor);
    awaitable<attempt> begin_adoption(std::string group_id, std::string jid);

    // The ends. None has an effect when somebody else has taken the operation over.
    awaitable<void> end(operation done);
    awaitable<void> revert(operation refused);
    awaitable<void> end_removal(operation done);

    // Makes a created group visible; its members' operations, which stand until they are invited. nullopt: taken over.
    awaitable<std::optional<std::vector<operation>>> end_creation(operation done);
    awaitable<void> end_all(std::vector<operation> done);  // of one group, and at least one

    // Turns a creation that failed into a removal; what of it is still under way at ejabberd has time to end.
    awaitable<void> abandon(operation failed);

    // Writes what ejabberd says of a member, or of the name; gives those who became owners by it. nullopt: the
    // operation is no longer ours, or the member is no user any more.
    awaitable<std::optional<std::vector<new_owner>>> adopt_member(operation current, affiliation seen,
                                                                  std::optional<person> who);
    awaitable<void> adopt_name(operation current, std::string name);

    // The operation whose lease ran out first, leased anew.
    awaitable<std::optional<operation>> take_due();
    awaitable<std::optional<operation>> take_due_of(std::string jid);
    awaitable<bool> has_operations(std::string jid);

    // Lets an operation rest after a failed attempt, longer each time.
    awaitable<void> postpone(std::string id);

 private:
    db::pool& database_;
};

// Ends a group, whatever was under way with it, whose row the caller has locked: the reconciler destroys its room.
void end_group(pqxx::work& tx, const std::string& group_id);

// Sees to it that a group whose row the caller has locked has an owner: its longest-standing admin, else its
// longest-standing member, becomes one and is returned; a group without anybody is ended.
std::optional<new_owner> ensure_owner(pqxx::work& tx, const std::string& group_id);

// Notes an operation that is due at once, whatever was under way on the same thing.
void note_due(pqxx::work& tx, const std::string& group_id, const std::string& jid, const std::string& kind,
              const std::string& previous);

}  // namespace veil::groups
