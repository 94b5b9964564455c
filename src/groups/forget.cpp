#include <pqxx/pqxx>
#include <veil/groups/service.hpp>

#include "rows.hpp"
#include "store.hpp"

namespace veil::groups {

std::vector<new_owner> forget_user(pqxx::work& tx, const std::string& jid) {
    std::vector<new_owner> handed_over;
    // In one order for everybody who locks more than one group.
    const auto groups = tx.exec_params(
        "SELECT group_id, state FROM groups WHERE group_id IN (SELECT group_id FROM group_members WHERE jid = $1) "
        "ORDER BY group_id FOR NO KEY UPDATE",
        jid);
    for (const auto& row : groups) {
        const auto group_id = row[0].as<std::string>();
        const auto state = row[1].as<std::string>();
        write_member(tx, group_id, jid, affiliation::none);
        note_due(tx, group_id, jid, "member", "none");
        if (state == "creating")
            end_group(tx, group_id);  // all or nothing: it is not made then
        else if (state != "deleting")
            if (auto heir = ensure_owner(tx, group_id)) handed_over.push_back(std::move(*heir));
    }
    return handed_over;
}

}  // namespace veil::groups
