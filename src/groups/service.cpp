#include <algorithm>
#include <set>
#include <veil/async/explained.hpp>
#include <veil/core/ascii.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/jid.hpp>
#include <veil/core/uuid.hpp>
#include <veil/ejabberd/rooms.hpp>
#include <veil/groups/service.hpp>
#include <veil/http/source.hpp>

#include "changes.hpp"
#include "rules.hpp"
#include "store.hpp"
#include "sweep.hpp"

namespace veil::groups {
namespace {

constexpr core::failure out_of_reach{502, "Group service unavailable. Please try again later."};
constexpr core::failure no_room{502, "Failed to create group room."};
constexpr core::failure no_list{502, "Failed to list groups."};
constexpr core::failure no_member_list{502, "Failed to list group members."};
constexpr core::failure not_added{502, "Failed to add member."};
constexpr core::failure not_removed{502, "Failed to remove member."};
constexpr core::failure not_changed{502, "Failed to change group."};
constexpr core::failure not_deleted{502, "Failed to delete group."};

const http::path_parameter which_group{"group_id", "The group's id or its JID.",
                                       "6f1d2c1e-8f5b-4b52-9d3e-0c8a5a1b7e42"};
const http::path_parameter which_member{"jid", "A user's bare JID.", "bob@example.com", &jid_rules};

bool is_forbidden_in_jid(char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == 0x7f || std::string_view("\"&'/:<>@").contains(c);
}

}  // namespace

bool is_name(std::string_view text) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; };
    return std::ranges::none_of(text, control) && !text.contains("\xEF\xBF\xBE") && !text.contains("\xEF\xBF\xBF");
}

bool is_bare_jid(std::string_view text) {
    const auto at = text.find('@');
    if (at == std::string_view::npos || at == 0 || at + 1 == text.size()) return false;
    return std::ranges::none_of(text.substr(0, at), is_forbidden_in_jid) &&
           std::ranges::none_of(text.substr(at + 1), is_forbidden_in_jid);
}

bool is_affiliation(std::string_view text) { return text == "owner" || text == "admin" || text == "member"; }

struct service::parts {
    parts(options with, db::pool& database, ejabberd::client& xmpp)
        : settings(std::move(with)),
          rows(database),
          rooms(xmpp, settings.muc_service, settings.xmpp_domain),
          work(rows, xmpp, rooms, settings.xmpp_domain),
          comparison(database, rooms, work, settings.sweep_interval) {}

    // The id in a path, which may be a JID there. Nobody is in a group whose name cannot be one.
    std::string id_of(const group_id& which) const {
        auto text = core::to_lower(which.value);
        if (const auto tail = "@" + settings.muc_service; text.ends_with(tail)) text.resize(text.size() - tail.size());
        if (!core::is_uuid(text)) throw core::api_error(group_not_found);
        return text;
    }

    std::string user(std::string_view jid) const {
        auto found = core::bare_jid_of(jid, settings.xmpp_domain);
        if (!found) throw core::api_error(user_not_found);  // no other domain can be reached
        return *std::move(found);
    }

    // Somebody who is not in the group. Whoever may not manage it shall not learn either who is a user.
    awaitable<person> find_outsider(std::string id, std::string actor, std::string jid) {
        const auto role = co_await rows.role_of(id, std::move(actor));
        if (role == affiliation::none) throw core::api_error(group_not_found);
        if (!may_manage(role)) throw core::api_error(not_allowed);
        auto found = co_await work.find_users({user(jid)});
        co_return std::move(found.front());
    }

    awaitable<void> create(group wanted, std::string owner, std::vector<std::string> jids) {
        auto members = co_await work.find_users(std::move(jids));
        co_await work.create(std::move(wanted), std::move(owner), std::move(members));
    }

    awaitable<void> add(std::string id, std::string actor, std::string jid) {
        auto who = co_await find_outsider(id, actor, std::move(jid));
        co_await work.change(std::move(id), std::move(actor), audit::source(), wish::add, affiliation::member,
                             std::move(who));
    }

    awaitable<void> remove(std::string id, std::string actor, audit::source from, std::string jid) {
        if (jid != actor && co_await rows.role_of(id, jid) == affiliation::none) co_await find_outsider(id, actor, jid);
        co_await work.change(std::move(id), std::move(actor), std::move(from), wish::remove, affiliation::none,
                             {.jid = std::move(jid)});
    }

    options settings;
    store rows;
    ejabberd::rooms rooms;
    changes work;
    sweep comparison;
};

service::service(options with, db::pool& database, ejabberd::client& xmpp)
    : parts_(std::make_unique<parts>(std::move(with), database, xmpp)) {}

service::~service() = default;

void service::add_routes(http::router& routes) {
    routes.on(
        "POST", "/api/v1/groups", *this, &service::create,
        {.id = "create_group",
         .summary = "Make a group",
         .description = "The caller becomes the owner. All or nothing: when the answer is a success, everybody is "
                        "in the group and invited.",
         .failures = {user_not_found, no_room, out_of_reach}});
    routes.on("POST", "/api/v1/groups/create", *this, &service::create,
              {.id = "create_group_by_its_older_name",
               .summary = "Make a group (older name)",
               .failures = {user_not_found, no_room, out_of_reach},
               .deprecated = true});
    routes.on("GET", "/api/v1/groups", *this, &service::list,
              {.id = "list_groups", .summary = "List the caller's groups", .failures = {no_list, out_of_reach}});
    routes.on("GET", "/api/v1/groups/{group_id}/members", *this, &service::members,
              {.id = "list_group_members",
               .summary = "List who is in a group",
               .failures = {group_not_found, no_member_list, out_of_reach},
               .parameters = {which_group}});
    routes.on("POST", "/api/v1/groups/{group_id}/members", *this, &service::add_member,
              {.id = "add_group_member",
               .summary = "Add a user to a group",
               .description = "For owners and admins. Who is in the group already keeps his role.",
               .failures = {group_not_found, user_not_found, not_allowed, group_is_full, not_added, out_of_reach},
               .parameters = {which_group}});
    routes.on("DELETE", "/api/v1/groups/{group_id}/members/{jid}", *this, &service::remove_member,
              {.id = "remove_group_member",
               .summary = "Remove a member, or leave",
               .description = "Owners remove everybody, admins remove members, everybody may leave. The last one to "
                              "leave ends the group; the last owner of others has to make another owner first.",
               .failures = {group_not_found, user_not_found, not_allowed, transfer_first, not_removed, out_of_reach},
               .parameters = {which_group, which_member}});
    routes.on("PUT", "/api/v1/groups/{group_id}/members/{jid}", *this, &service::change_role,
              {.id = "change_group_role",
               .summary = "Change a member's role",
               .description = "For owners. A group is handed over by making another owner and stepping down.",
               .failures = {group_not_found, user_not_found, not_allowed, transfer_first, not_changed, out_of_reach},
               .parameters = {which_group, which_member}});
    routes.on("PATCH", "/api/v1/groups/{group_id}", *this, &service::rename,
              {.id = "rename_group",
               .summary = "Rename a group",
               .description = "For owners and admins.",
               .failures = {group_not_found, not_allowed, not_changed, out_of_reach},
               .parameters = {which_group}});
    routes.on("DELETE", "/api/v1/groups/{group_id}", *this, &service::remove,
              {.id = "delete_group",
               .summary = "Delete a group and its messages",
               .description = "For owners and admins.",
               .failures = {group_not_found, not_allowed, not_deleted, out_of_reach},
               .parameters = {which_group}});
}

awaitable<http::created<group>> service::create(auth::user who, new_group wanted) {
    std::vector<std::string> jids{who.jid};
    std::set<std::string> seen{who.jid};
    for (const auto& each : wanted.member_jids)
        if (auto jid = parts_->user(each); seen.insert(jid).second) jids.push_back(std::move(jid));
    const auto id = core::uuid4();
    group made{.group_id = id, .jid = parts_->rooms.jid_of(id), .name = std::move(wanted.name)};
    co_await async::explained(parts_->create(made, who.jid, std::move(jids)), out_of_reach, no_room);
    co_return http::created<group>{std::move(made)};
}

awaitable<group_list> service::list(auth::user who) {
    auto found = co_await async::explained(parts_->rows.list(who.jid), out_of_reach, no_list);
    for (auto& each : found) each.jid = parts_->rooms.jid_of(each.group_id);
    co_return group_list{std::move(found)};
}

awaitable<member_list> service::members(auth::user who, group_id which) {
    auto found =
        co_await async::explained(parts_->rows.members(parts_->id_of(which), who.jid), out_of_reach, no_member_list);
    if (!found) throw core::api_error(group_not_found);
    co_return member_list{*std::move(found)};
}

awaitable<outcome> service::add_member(auth::user who, group_id which, new_member wanted) {
    co_await async::explained(parts_->add(parts_->id_of(which), who.jid, std::move(wanted.jid)), out_of_reach,
                              not_added);
    co_return outcome{"ok"};
}

awaitable<outcome> service::remove_member(auth::user who, audit::source from, group_id which, member_jid whom) {
    co_await async::explained(parts_->remove(parts_->id_of(which), who.jid, std::move(from), parts_->user(whom.value)),
                              out_of_reach, not_removed);
    co_return outcome{"ok"};
}

awaitable<outcome> service::change_role(auth::user who, audit::source from, group_id which, member_jid whom,
                                        role wanted) {
    const auto new_role = ejabberd::affiliation_of(wanted.affiliation);
    co_await async::explained(parts_->work.change(parts_->id_of(which), who.jid, std::move(from), wish::change_role,
                                                  new_role, {.jid = parts_->user(whom.value)}),
                              out_of_reach, not_changed);
    co_return outcome{"ok"};
}

awaitable<group> service::rename(auth::user who, group_id which, new_name wanted) {
    const auto id = parts_->id_of(which);
    co_await async::explained(parts_->work.rename(id, who.jid, wanted.name), out_of_reach, not_changed);
    co_return group{.group_id = id, .jid = parts_->rooms.jid_of(id), .name = std::move(wanted.name)};
}

awaitable<outcome> service::remove(auth::user who, group_id which) {
    co_await async::explained(parts_->work.remove(parts_->id_of(which), who.jid), out_of_reach, not_deleted);
    co_return outcome{"deleted"};
}

awaitable<void> service::leave_all(std::string jid) { return parts_->work.settle_all(std::move(jid)); }

awaitable<void> service::reconcile_forever() { return parts_->work.reconcile_forever(); }

awaitable<void> service::sweep_forever() { return parts_->comparison.run_forever(); }

}  // namespace veil::groups
