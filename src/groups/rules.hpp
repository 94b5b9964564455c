// Who may do what to whom in a group (contract, section 7; XEP-0045, section 5.2). Any thread.
#pragma once

#include <veil/core/errors.hpp>
#include <veil/ejabberd/rooms.hpp>

namespace veil::groups {

using ejabberd::affiliation;

inline constexpr core::failure group_not_found{404, "Group not found"};
inline constexpr core::failure user_not_found{404, "User not found"};
inline constexpr core::failure not_allowed{403, "Not allowed"};
inline constexpr core::failure transfer_first{409, "Transfer ownership first"};
inline constexpr core::failure group_is_full{409, "Group is full"};

inline constexpr std::size_t max_members = 1000;  // as many as a room may hold (config/ejabberd)

// Adding and removing members, renaming, ending the group.
constexpr bool may_manage(affiliation who) { return who == affiliation::owner || who == affiliation::admin; }

// What somebody wants for a member, himself included.
enum class wish { add, remove, change_role };

struct situation {
    affiliation actor;   // never none: strangers see no group
    affiliation target;  // none: not in the group
    bool himself;
    bool other_owners;  // beside the target, and settled
    bool others;        // anybody beside the target
};

enum class verdict { go_ahead, nothing_to_do, end_of_group };

// Throws core::api_error for what is refused. `role` is the one wanted by change_role.
verdict judge(wish what, affiliation role, const situation& now);

}  // namespace veil::groups
