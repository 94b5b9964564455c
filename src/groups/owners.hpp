// Who owns a group, for the audit trail. Any thread.
#pragma once

#include <string_view>
#include <veil/audit/audit.hpp>

#include "store.hpp"

namespace veil::groups {

inline constexpr std::string_view owner_event = "group_owner";

// Whether somebody becomes an owner, or stops being one.
bool concerns_owners(affiliation before, affiliation after);

// A change of a role, as the trail's detail has it.
std::string describe_change(const std::string& group_id, const std::string& jid, std::string_view before,
                            std::string_view after);

// Notes what was taken over from a room: the change of one member's role, and who became an owner by it.
void note_adoption(const operation& done, affiliation seen, const std::vector<new_owner>& heirs);

}  // namespace veil::groups
