// Groups: persistent rooms of which our tables are the index and ejabberd the enforcing copy (contract, section 7).
// Owned by the application; I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <pqxx/transaction>
#include <string>
#include <vector>
#include <veil/audit/audit.hpp>
#include <veil/auth/tokens.hpp>
#include <veil/core/fields.hpp>
#include <veil/db/backlog.hpp>
#include <veil/db/pool.hpp>
#include <veil/ejabberd/client.hpp>
#include <veil/http/router.hpp>

namespace veil::groups {

using boost::asio::awaitable;

bool is_name(std::string_view text);
bool is_bare_jid(std::string_view text);
bool is_affiliation(std::string_view text);

// What XML cannot carry would break the stream of every member.
inline constexpr core::pattern name_pattern{R"(^[^\u0000-\u001f\u007f\ufffe\uffff]*$)", is_name};
// RFC 7622, without a resource; whose the domain is comes later.
inline constexpr core::pattern jid_pattern{R"(^[^\u0000-\u0020\u007f"&'/:<>@]+@[^\u0000-\u0020\u007f"&'/:<>@]+$)",
                                           is_bare_jid};
inline constexpr core::pattern affiliation_pattern{"^(owner|admin|member)$", is_affiliation};

inline constexpr core::rules name_rules{.min_length = 1,
                                        .max_length = 100,
                                        .shape = &name_pattern,
                                        .about = "What members see as the group's name.",
                                        .example = "Weekend hike"};
inline constexpr core::rules jid_rules{
    .max_length = 2047, .shape = &jid_pattern, .about = "A user's bare JID.", .example = "bob@example.com"};

struct new_group {
    std::string name;
    std::vector<std::string> member_jids;
    static constexpr auto fields() {
        return std::tuple{core::field("name", &new_group::name, name_rules),
                          core::field("member_jids", &new_group::member_jids,
                                      {.max_length = 2047,
                                       .shape = &jid_pattern,
                                       .fallback = "",
                                       .about = "Bare JIDs of the first members, beside the caller, who is the owner.",
                                       .max_items = 256})};
    }
};

struct group {
    std::string group_id, jid, name;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{field("group_id", &group::group_id,
                                {.about = "UUID, in lower case.", .example = "6f1d2c1e-8f5b-4b52-9d3e-0c8a5a1b7e42"}),
                          field("jid", &group::jid,
                                {.about = "The room to join over XMPP.",
                                 .example = "6f1d2c1e-8f5b-4b52-9d3e-0c8a5a1b7e42@muc.example.com"}),
                          field("name", &group::name, {.example = "Weekend hike"})};
    }
};

struct group_list {
    std::vector<group> groups;
    static constexpr auto fields() { return std::tuple{core::field("groups", &group_list::groups)}; }
};

struct member {
    std::string jid, affiliation;
    static constexpr auto fields() {
        return std::tuple{
            core::field("jid", &member::jid, {.example = "bob@example.com"}),
            core::field("affiliation", &member::affiliation, {.shape = &affiliation_pattern, .example = "member"})};
    }
};

struct member_list {
    std::vector<member> members;
    static constexpr auto fields() { return std::tuple{core::field("members", &member_list::members)}; }
};

struct new_member {
    std::string jid;
    static constexpr auto fields() { return std::tuple{core::field("jid", &new_member::jid, jid_rules)}; }
};

struct role {
    std::string affiliation;
    static constexpr auto fields() {
        return std::tuple{core::field("affiliation", &role::affiliation,
                                      {.shape = &affiliation_pattern,
                                       .about = "Owners may do everything; admins add and remove members, rename and "
                                                "delete the group; members take part.",
                                       .example = "admin"})};
    }
};

struct new_name {
    std::string name;
    static constexpr auto fields() { return std::tuple{core::field("name", &new_name::name, name_rules)}; }
};

struct outcome {
    std::string status;
    static constexpr auto fields() { return std::tuple{core::field("status", &outcome::status, {.example = "ok"})}; }
};

struct options {
    std::string xmpp_domain;
    std::string muc_service;                  // the domain of the rooms
    std::chrono::seconds sweep_interval{20};  // how often every group is compared with its room
};

class service {
 public:
    service(options with, db::pool& database, ejabberd::client& xmpp);
    ~service();

    void add_routes(http::router& routes);

    using group_id = http::path<"group_id">;
    using member_jid = http::path<"jid">;

    awaitable<http::created<group>> create(auth::user who, new_group wanted);
    awaitable<group_list> list(auth::user who);
    awaitable<member_list> members(auth::user who, group_id which);
    awaitable<outcome> add_member(auth::user who, group_id which, new_member wanted);
    awaitable<outcome> remove_member(auth::user who, audit::source from, group_id which, member_jid whom);
    awaitable<outcome> change_role(auth::user who, audit::source from, group_id which, member_jid whom, role wanted);
    awaitable<group> rename(auth::user who, group_id which, new_name wanted);
    awaitable<outcome> remove(auth::user who, group_id which);

    // Finishes what forget_user() began for this bare JID and returns when no room knows him. Errors are those of the
    // pool and of the ejabberd client.
    awaitable<void> leave_all(std::string jid);

    // Finishes what a crash or an outage left half done, until cancelled.
    awaitable<void> reconcile_forever();

    // Takes over what owners did over XMPP, until cancelled.
    awaitable<void> sweep_forever();

 private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

// Somebody whom the loss of an owner made one.
struct new_owner {
    std::string group_id, jid, previous;  // the affiliation before
};

// Writes a hand-over into the audit trail. account: whose act it follows from.
void note_owner(const audit::source& from, std::string_view account, const new_owner& who);

// Takes an account out of all its groups, and hands over or ends those that would lose their last owner: what must be
// in one transaction with the rest of its deletion. The caller holds the account's lock.
std::vector<new_owner> forget_user(pqxx::work& tx, const std::string& jid);

// What the reconciler has before it, and what is being worked on right now.
db::backlog read_backlog(pqxx::work& tx);

}  // namespace veil::groups
