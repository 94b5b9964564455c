// ejabberd's group chat rooms (XEP-0045, with MucSub subscriptions) through its admin API, as typed calls that may all
// be repeated. Errors are those of client.hpp; a "no" is only core::refused when ejabberd's database works, for without
// it every answer may be wrong. Owned by whoever needs it; I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>
#include <veil/ejabberd/client.hpp>

namespace veil::ejabberd {

// XEP-0045, section 5.2.
enum class affiliation { none, outcast, member, admin, owner };

std::string_view name_of(affiliation a) noexcept;

// `none` for a word that is no affiliation.
affiliation affiliation_of(std::string_view word) noexcept;

// What a room's owner can change over XMPP.
struct room_options {
    std::string title;
    std::map<std::string, std::string> unsafe;  // options that differ from what every room has, with their right values
};

class rooms {
 public:
    // service: the domain of the rooms, for example muc.example.com; domain: that of the users.
    rooms(client& api, std::string service, std::string domain);

    // Every room is given by its name, what stands before the @ of its JID.
    std::string jid_of(const std::string& room) const { return room + "@" + service_; }

    // Makes a persistent room that only members may enter. One that exists is fine.
    awaitable<void> create(std::string room, std::string title);

    // Removes a room and its archive; returns when it is gone. An unknown one is fine.
    awaitable<void> destroy(std::string room);

    // By bare JID, or by domain for all its users; nullopt when there is no such room.
    awaitable<std::optional<std::map<std::string, affiliation>>> affiliations(std::string room);

    awaitable<void> set_affiliation(std::string room, std::string jid, affiliation wanted);

    // MucSub: messages reach a subscriber who is not in the room, also while he is offline. ejabberd lets anybody be
    // subscribed this way and removes no subscription with the membership: both are the caller's business.
    awaitable<void> subscribe(std::string room, std::string jid);
    awaitable<void> unsubscribe(std::string room, std::string jid);
    awaitable<std::set<std::string>> subscribers(std::string room);

    // Puts everybody out who is in the room and no member: ejabberd looks for them when a room becomes members-only.
    awaitable<void> expel_strangers(std::string room);

    // A direct invitation (XEP-0249) to each.
    awaitable<void> invite(std::string room, std::vector<std::string> jids);

    // nullopt when there is no such room.
    awaitable<std::optional<room_options>> options(std::string room);
    awaitable<void> set_title(std::string room, std::string title);
    awaitable<void> set_option(std::string room, std::string option, std::string value);

 private:
    nlohmann::json naming(const std::string& room) const;
    awaitable<bool> is_gone(std::string room);
    awaitable<void> insist(std::string command, nlohmann::json arguments);
    awaitable<bool> try_subscribe(const std::string& room, const std::string& jid, std::string nick);

    client& api_;
    std::string service_;
    std::string domain_;
};

}  // namespace veil::ejabberd
