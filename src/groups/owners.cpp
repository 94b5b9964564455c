#include "owners.hpp"

namespace veil::groups {

bool concerns_owners(affiliation before, affiliation after) {
    return (before == affiliation::owner) != (after == affiliation::owner);
}

std::string describe_change(const std::string& group_id, const std::string& jid, std::string_view before,
                            std::string_view after) {
    return "group " + group_id + ": " + jid + " was " + std::string(before) + ", is " + std::string(after);
}

void note_owner(const audit::source& from, std::string_view account, const new_owner& who) {
    audit::write({.event = owner_event,
                  .from = from,
                  .account = account,
                  .outcome = "ok",
                  .detail = describe_change(who.group_id, who.jid, who.previous, "owner")});
}

void note_adoption(const operation& done, affiliation seen, const std::vector<new_owner>& heirs) {
    const audit::source nobody;  // the room tells the role, not who gave it
    if (concerns_owners(done.wanted, seen))
        audit::write({.event = owner_event,
                      .from = nobody,
                      .account = {},
                      .outcome = "ok",
                      .detail = describe_change(done.group_id, done.jid, ejabberd::name_of(done.wanted),
                                                ejabberd::name_of(seen)) +
                                ", over XMPP"});
    for (const auto& heir : heirs) note_owner(nobody, {}, heir);
}

}  // namespace veil::groups
