#include <veil/async/jitter.hpp>
#include <veil/async/pause.hpp>
#include <veil/core/errors.hpp>
#include <veil/log/log.hpp>

#include "changes.hpp"
#include "owners.hpp"

// What no client waits for: the reconciler's part of the changes, and what owners did over XMPP.
namespace veil::groups {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto leaving_limit = 8s;    // for all groups of an account that is deleted
constexpr auto poll_interval = 30ms;  // meanwhile
constexpr auto reconcile_interval = 1s;
constexpr int most_attempts = 40;  // some ten minutes

// A room that is to go goes, who is to leave leaves, and a group gets its owner, however long it takes.
bool must_be_done(const operation& current) {
    return current.what == kind::create || current.what == kind::remove ||
           (current.what == kind::member &&
            (current.wanted == affiliation::none || current.wanted == affiliation::owner));
}

}  // namespace

awaitable<void> changes::adopt(std::string group_id, std::string jid) {
    const auto tried = co_await store_.begin_adoption(std::move(group_id), std::move(jid));
    if (tried.begun) co_await settle_adoption(*tried.begun);
}

// No change of ours is under way on the same thing, so what the room says now is what its owners did.
awaitable<void> changes::settle_adoption(operation current) {
    if (current.jid.empty())
        co_await adopt_name(current);
    else
        co_await adopt_member(current);
    co_await store_.end(current);
}

awaitable<void> changes::adopt_member(operation current) {
    const auto room = co_await rooms_.affiliations(current.group_id);
    if (!room) co_return;
    const auto found = room->find(current.jid);
    auto seen = found == room->end() ? affiliation::none : found->second;
    if (seen == affiliation::outcast) seen = affiliation::none;
    if (seen == affiliation::none && current.wanted == affiliation::none) {
        co_await rooms_.unsubscribe(current.group_id, current.jid);
        co_return;
    }
    std::optional<person> who;
    if (seen != affiliation::none) who = co_await find_user(current.jid);
    if (seen != affiliation::none && !who) {
        co_await take_back(current.group_id, current.jid);
        co_return;
    }
    const auto heirs = co_await store_.adopt_member(current, seen, std::move(who));
    if (!heirs) co_return;
    note_adoption(current, seen, *heirs);
    if (seen == affiliation::none)
        co_await rooms_.unsubscribe(current.group_id, current.jid);
    else
        co_await rooms_.subscribe(current.group_id, current.jid);
}

// Whoever bears this name one day is not invited; nor is a whole domain, of which some may have come in.
awaitable<void> changes::take_back(std::string group_id, std::string jid) {
    co_await rooms_.set_affiliation(group_id, jid, affiliation::none);
    if (jid.contains('@'))
        co_await rooms_.unsubscribe(group_id, jid);
    else
        co_await rooms_.expel_strangers(group_id);
}

awaitable<void> changes::adopt_name(operation current) {
    const auto room = co_await rooms_.options(current.group_id);
    if (!room || room->title == current.name) co_return;
    if (core::fits(room->title, name_rules))
        co_await store_.adopt_name(current, room->title);
    else
        co_await rooms_.set_title(current.group_id, current.name);
}

// A room that is gone has no members to remove.
awaitable<bool> changes::is_known_to_room(operation current) {
    const bool leaving = current.what == kind::member && current.wanted == affiliation::none;
    co_return !leaving || co_await rooms_.affiliations(current.group_id);
}

awaitable<void> changes::settle(operation current) {
    if (current.what == kind::adopt) {
        co_await settle_adoption(current);
    } else if (co_await is_known_to_room(current)) {
        co_await begin_in_room(current);
        co_await end_in_room(current);
    } else {
        co_await store_.end(current);
    }
}

awaitable<changes::settled> changes::settle_next(awaitable<std::optional<operation>> taking) {
    std::optional<operation> due;
    std::string failure;
    auto came_to = settled::refused;
    try {
        due = co_await std::move(taking);
        if (!due) co_return settled::nothing;
        co_await settle(*due);
        co_return settled::one;
    } catch (const core::unavailable& error) {
        came_to = settled::outage;
        failure = error.what();
    } catch (const core::refused& error) {
        failure = error.what();
    } catch (const core::api_error& error) {
        failure = error.what();
    }
    if (!due) co_return settled::outage;
    log::warn("a group operation is left for later: {}", failure);
    try {
        if (due->attempts < most_attempts || must_be_done(*due))
            co_await store_.postpone(due->id);
        else
            co_await store_.revert(*due);
    } catch (const core::unavailable&) {  // its lease will run out
    }
    co_return came_to;
}

awaitable<void> changes::settle_all(std::string jid) {
    const auto until = steady_clock::now() + leaving_limit;
    while (steady_clock::now() < until) {
        const auto came_to = co_await settle_next(store_.take_due_of(jid));
        if (came_to == settled::outage) break;
        if (came_to == settled::one) continue;
        if (!co_await store_.has_operations(jid)) co_return;
        co_await async::pause(async::jittered(poll_interval));
    }
    throw core::unavailable("the groups of an account cannot be left now");
}

awaitable<void> changes::reconcile_forever() {
    while (true) {
        const auto came_to = co_await settle_next(store_.take_due());
        if (came_to == settled::nothing || came_to == settled::outage) co_await async::pause(reconcile_interval);
    }
}

}  // namespace veil::groups
