// Compares every group with its room, again and again: what owners did over XMPP is taken over, what makes a room
// unsafe is put back. One call to ejabberd at a time, and never more than half of the time. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <map>
#include <string>
#include <vector>
#include <veil/db/pool.hpp>
#include <veil/ejabberd/rooms.hpp>

#include "changes.hpp"

namespace veil::groups {

class sweep {
 public:
    sweep(db::pool& database, ejabberd::rooms& rooms, changes& adoptions, std::chrono::seconds interval)
        : database_(database), rooms_(rooms), adoptions_(adoptions), interval_(interval) {}

    // Until cancelled. Several processes share the work.
    awaitable<void> run_forever();

 private:
    // A group as our tables had it before its room was asked.
    struct snapshot {
        std::string group_id;
        std::string name;
        bool missing = false;
        std::map<std::string, ejabberd::affiliation> members;
    };

    awaitable<std::vector<snapshot>> take_next();
    awaitable<bool> run_once();
    awaitable<void> compare(const snapshot& group);
    awaitable<void> compare_members(const snapshot& group, const std::map<std::string, ejabberd::affiliation>& in_room);
    awaitable<void> compare_subscribers(const snapshot& group,
                                        const std::map<std::string, ejabberd::affiliation>& in_room);
    awaitable<void> compare_options(const snapshot& group, const ejabberd::room_options& in_room);
    awaitable<void> note_presence(std::string group_id, bool missing);
    awaitable<void> prune();

    db::pool& database_;
    ejabberd::rooms& rooms_;
    changes& adoptions_;
    std::chrono::seconds interval_;
};

}  // namespace veil::groups
