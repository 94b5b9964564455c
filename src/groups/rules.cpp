#include "rules.hpp"

namespace veil::groups {
namespace {

verdict judge_addition(const situation& now) {
    if (!may_manage(now.actor)) throw core::api_error(not_allowed);
    return now.target == affiliation::none ? verdict::go_ahead : verdict::nothing_to_do;
}

verdict judge_removal(const situation& now) {
    if (now.himself) {
        if (now.target != affiliation::owner || now.other_owners) return verdict::go_ahead;
        if (now.others) throw core::api_error(transfer_first);
        return verdict::end_of_group;
    }
    // An admin has no power over owners and other admins, in XMPP neither.
    const bool beneath = now.actor == affiliation::owner || !may_manage(now.target);
    if (!may_manage(now.actor) || !beneath) throw core::api_error(not_allowed);
    return now.target == affiliation::none ? verdict::nothing_to_do : verdict::go_ahead;
}

verdict judge_role(affiliation role, const situation& now) {
    if (now.actor != affiliation::owner) throw core::api_error(not_allowed);
    if (now.target == affiliation::none) throw core::api_error(user_not_found);
    if (now.target == role) return verdict::nothing_to_do;
    if (now.target == affiliation::owner && !now.other_owners) throw core::api_error(transfer_first);
    return verdict::go_ahead;
}

}  // namespace

verdict judge(wish what, affiliation role, const situation& now) {
    switch (what) {
        case wish::add:
            return judge_addition(now);
        case wish::remove:
            return judge_removal(now);
        case wish::change_role:
            return judge_role(role, now);
    }
    return verdict::nothing_to_do;
}

}  // namespace veil::groups
