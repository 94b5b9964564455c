// What the SQL of groups shares. Pool threads only.
#pragma once

#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "store.hpp"

namespace veil::groups {

// Longer than the one ejabberd call (5 s) that may still be under way when nobody answers for an operation any more.
inline constexpr const char* lease = "now() + interval '7 seconds'";
// For a creation, which is many calls: longer than changes.cpp gives them, and that.
inline constexpr const char* long_lease = "now() + interval '35 seconds'";

// An operation with what the other tables say of it, of a row source called o that has the columns of group_operations.
inline constexpr const char* operation_columns =
    "o.id, o.group_id, o.jid, o.kind, o.previous, coalesce(m.affiliation, 'none') AS wanted, g.name, "
    "o.attempts";
inline constexpr const char* operation_joins =
    " o JOIN groups g ON g.group_id = o.group_id LEFT JOIN group_members m ON m.group_id = o.group_id AND m.jid = "
    "o.jid";

operation read_operation(const pqxx::row& row);
std::optional<operation> first_operation(const pqxx::result& rows);

// Whether the operation is still the caller's. Its row is locked then.
bool is_ours(pqxx::work& tx, const operation& current);

// Takes the operation away if it is still the caller's; for a member on the way out, his row too.
bool take_away(pqxx::work& tx, const operation& done);

void write_member(pqxx::work& tx, const std::string& group_id, const std::string& jid, affiliation wanted);

// Holds the accounts of these users still; throws user_not_found unless they are what they were when they were looked
// up. Those without a row are known to ejabberd alone: a deletion since then has moved their cutoff. Before any group
// is locked.
void hold(pqxx::work& tx, const std::vector<person>& people);

// Waits for the group's row, which everybody locks before the rows of its operations.
void lock_group(pqxx::work& tx, const std::string& group_id);

// The same; its name, or nullopt when it is not active.
std::optional<std::string> lock_active(pqxx::work& tx, const std::string& group_id);

}  // namespace veil::groups
