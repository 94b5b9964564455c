// The changes of groups that span PostgreSQL and ejabberd. Each is written down with its effect before it begins: what
// a client is told about holds in REST from then on, and after a crash at any point the reconciler carries it into the
// room. Only a creation is undone instead, until the moment it has ended. What ejabberd refuses, or cannot have heard
// of, is taken back; what it may have heard of is finished. Errors are those of the pool and of the ejabberd client,
// and the api_errors of the store. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>
#include <veil/audit/audit.hpp>
#include <veil/ejabberd/client.hpp>
#include <veil/ejabberd/rooms.hpp>

#include "store.hpp"

namespace veil::groups {

class changes {
 public:
    // domain: that of the users.
    changes(store& rows, ejabberd::client& xmpp, ejabberd::rooms& rooms, std::string domain)
        : store_(rows), xmpp_(xmpp), rooms_(rooms), domain_(std::move(domain)) {}

    // Who of these is a user; throws 404 when one is none.
    awaitable<std::vector<person>> find_users(std::vector<std::string> jids);

    // Makes a group with its room, all or nothing. The owner is the first of the members.
    awaitable<void> create(group wanted, std::string owner, std::vector<person> members);

    // from: for the audit trail, which is told when the owners change.
    awaitable<void> change(std::string group_id, std::string actor, audit::source from, wish what, affiliation role,
                           person target);
    awaitable<void> rename(std::string group_id, std::string actor, std::string name);
    awaitable<void> remove(std::string group_id, std::string actor);

    // Takes over what the room itself says of a member, or (empty jid) of its name.
    awaitable<void> adopt(std::string group_id, std::string jid);

    // Carries out everything that is noted for this bare JID.
    awaitable<void> settle_all(std::string jid);

    // Carries out what nobody works on any more, until cancelled.
    awaitable<void> reconcile_forever();

 private:
    awaitable<void> fill(operation current, std::string owner, std::vector<person> members);
    awaitable<void> invite(std::string group_id, std::string jid);
    awaitable<void> invite_all(std::vector<operation> uninvited);
    awaitable<void> abandon(operation failed, bool answers);

    awaitable<void> carry_out_when_free(std::function<awaitable<attempt>()> begin,
                                        std::function<void(const operation&)> begun = {});
    awaitable<void> begin_in_room(operation current);
    awaitable<void> end_in_room(operation current);
    awaitable<void> carry_out(operation current);
    awaitable<void> carry_out_for_caller(operation current);
    awaitable<bool> is_known_to_room(operation current);

    awaitable<void> settle(operation current);
    awaitable<void> settle_adoption(operation current);
    awaitable<void> adopt_member(operation current);
    awaitable<void> adopt_name(operation current);
    awaitable<std::optional<person>> find_user(std::string jid);
    awaitable<void> take_back(std::string group_id, std::string jid);
    enum class settled { nothing, one, refused, outage };
    awaitable<settled> settle_next(awaitable<std::optional<operation>> taking);

    store& store_;
    ejabberd::client& xmpp_;
    ejabberd::rooms& rooms_;
    std::string domain_;
};

}  // namespace veil::groups
