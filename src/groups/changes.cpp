#include "changes.hpp"

#include <veil/async/deadline.hpp>
#include <veil/async/each.hpp>
#include <veil/async/jitter.hpp>
#include <veil/async/pause.hpp>
#include <veil/client/errors.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/fault_point.hpp>
#include <veil/core/jid.hpp>
#include <veil/log/log.hpp>

#include "owners.hpp"

namespace veil::groups {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto patience = 8s;                                // for another operation on the same thing to end
constexpr auto poll_interval = 30ms;                         // meanwhile
constexpr std::chrono::milliseconds creation_limit{25'000};  // less than a creation's lease
constexpr std::size_t at_once = 4;                           // of ejabberd's places, so that others get theirs

}  // namespace

awaitable<std::optional<person>> changes::find_user(std::string jid) {
    if (core::bare_jid_of(jid, domain_) != jid) co_return std::nullopt;
    const auto found = co_await store_.look_up({jid});
    if (found.empty()) co_return std::nullopt;
    if (!found.front().has_account && !co_await xmpp_.account_exists(std::string(core::local_part(jid))))
        co_return std::nullopt;
    co_return found.front();
}

awaitable<std::vector<person>> changes::find_users(std::vector<std::string> jids) {
    auto found = co_await store_.look_up(jids);
    if (found.size() < jids.size()) throw core::api_error(user_not_found);
    // Known to ejabberd alone, as the old service left them.
    std::vector<std::string> others;
    for (const auto& who : found)
        if (!who.has_account) others.push_back(std::string(core::local_part(who.jid)));
    co_await async::for_each(others, at_once, [&](const std::string& user) -> awaitable<void> {
        if (!co_await xmpp_.account_exists(user)) throw core::api_error(user_not_found);
    });
    co_return found;
}

awaitable<void> changes::create(group wanted, std::string owner, std::vector<person> members) {
    const auto current = co_await store_.begin_creation(std::move(wanted), owner, members);
    core::fault_point("group.created");
    std::exception_ptr failure;
    bool answers = true;
    try {
        co_await async::with_deadline(creation_limit, fill(current, std::move(owner), std::move(members)),
                                      "creation of a group");
    } catch (const core::timed_out&) {
        failure = std::current_exception();
        answers = false;
    } catch (const core::unavailable&) {
        failure = std::current_exception();
    } catch (const core::refused&) {
        failure = std::current_exception();
    }
    if (failure) {
        co_await abandon(current, answers);
        std::rethrow_exception(failure);
    }
    core::fault_point("group.filled");
    const auto uninvited = co_await store_.end_creation(current);
    if (!uninvited) throw core::unavailable("the creation of a group took too long and is undone");
    core::fault_point("group.active");
    co_await invite_all(*uninvited);
}

awaitable<void> changes::fill(operation current, std::string owner, std::vector<person> members) {
    co_await rooms_.create(current.group_id, current.name);
    core::fault_point("group.room");
    co_await async::for_each(members, at_once, [&](const person& who) -> awaitable<void> {
        co_await rooms_.set_affiliation(current.group_id, who.jid,
                                        who.jid == owner ? affiliation::owner : affiliation::member);
        co_await rooms_.subscribe(current.group_id, who.jid);
    });
}

// The group stands; who could not be invited now will be by the reconciler.
awaitable<void> changes::invite_all(std::vector<operation> uninvited) {
    if (uninvited.empty()) co_return;
    std::vector<std::string> jids;
    for (const auto& each : uninvited) jids.push_back(each.jid);
    try {
        co_await rooms_.invite(uninvited.front().group_id, std::move(jids));
        co_await store_.end_all(std::move(uninvited));
    } catch (const core::unavailable& error) {
        log::warn("invitations to a group are sent later: {}", error.what());
    } catch (const core::refused& error) {
        log::warn("invitations to a group are sent later: {}", error.what());
    }
}

// Destroys the room now if ejabberd answers; once what may still be under way has ended, the reconciler does so for
// certain.
awaitable<void> changes::abandon(operation failed, bool answers) {
    try {
        co_await store_.abandon(failed);
        if (answers) co_await rooms_.destroy(failed.group_id);
    } catch (const core::unavailable& error) {
        log::warn("what is left of a group is removed later: {}", error.what());
    } catch (const core::refused& error) {
        log::warn("what is left of a group is removed later: {}", error.what());
    }
}

awaitable<void> changes::change(std::string group_id, std::string actor, audit::source from, wish what,
                                affiliation role, person target) {
    std::optional<audit::action> noted;
    const auto note = [&](const operation& begun) {
        if (begun.what == kind::member && concerns_owners(ejabberd::affiliation_of(begun.previous), begun.wanted))
            noted.emplace(owner_event, from, actor,
                          describe_change(group_id, begun.jid, begun.previous, ejabberd::name_of(begun.wanted)));
    };
    co_await carry_out_when_free([&] { return store_.begin_change(group_id, actor, what, role, target); }, note);
    if (noted) noted->ended("ok");
}

awaitable<void> changes::rename(std::string group_id, std::string actor, std::string name) {
    co_await carry_out_when_free([&] { return store_.begin_renaming(group_id, actor, name); });
}

awaitable<void> changes::remove(std::string group_id, std::string actor) {
    co_await carry_out_when_free([&] { return store_.begin_removal(group_id, actor); });
}

// Begins an operation, waiting a little for another one on the same thing, and carries it out.
awaitable<void> changes::carry_out_when_free(std::function<awaitable<attempt>()> begin,
                                             std::function<void(const operation&)> begun) {
    const auto until = steady_clock::now() + patience;
    do {
        auto tried = co_await begin();
        if (!tried.busy) {
            if (tried.begun && begun) begun(*tried.begun);
            if (tried.begun) co_await carry_out_for_caller(std::move(*tried.begun));
            co_return;
        }
        co_await async::pause(async::jittered(poll_interval));
    } while (steady_clock::now() < until);
    throw core::unavailable("another change of the group does not end");
}

// What ejabberd has certainly not done is taken back; the rest stays noted.
awaitable<void> changes::carry_out(operation current) {
    core::fault_point(current.what == kind::remove ? "group.deleting" : "member.noted");
    std::exception_ptr without_effect;
    try {
        co_await begin_in_room(current);
    } catch (const client::not_sent&) {
        without_effect = std::current_exception();
    } catch (const core::overloaded&) {
        without_effect = std::current_exception();
    } catch (const core::refused&) {
        without_effect = std::current_exception();
    }
    if (without_effect) {
        co_await store_.revert(current);
        std::rethrow_exception(without_effect);
    }
    co_await end_in_room(current);
}

// The same; what a room refuses that somebody destroys at this moment is refused because the group is gone.
awaitable<void> changes::carry_out_for_caller(operation current) {
    std::exception_ptr refusal;
    try {
        co_await carry_out(current);
    } catch (const core::refused&) {
        refusal = std::current_exception();
    }
    if (!refusal) co_return;
    if (!co_await store_.is_active(current.group_id)) throw core::api_error(group_not_found);
    std::rethrow_exception(refusal);
}

// The step that decides.
awaitable<void> changes::begin_in_room(operation current) {
    if (current.what == kind::rename) {
        co_await rooms_.set_title(current.group_id, current.name);
    } else if (current.what == kind::member) {
        co_await rooms_.set_affiliation(current.group_id, current.jid, current.wanted);
        core::fault_point("member.set");
    } else {
        co_await rooms_.destroy(current.group_id);
        core::fault_point("group.destroyed");
    }
}

// A courtesy: who misses it finds the group in his list.
awaitable<void> changes::invite(std::string group_id, std::string jid) {
    try {
        co_await rooms_.invite(std::move(group_id), {std::move(jid)});
    } catch (const core::unavailable& error) {
        log::warn("a new member is not invited: {}", error.what());
    } catch (const core::refused& error) {
        log::warn("a new member is not invited: {}", error.what());
    }
}

// What follows from it. A removed member would go on receiving messages: his subscription is a thing of its own.
awaitable<void> changes::end_in_room(operation current) {
    if (current.what == kind::remove || current.what == kind::create) {
        co_await store_.end_removal(current);
        co_return;
    }
    if (current.what == kind::member) {
        if (current.wanted == affiliation::none) {
            co_await rooms_.unsubscribe(current.group_id, current.jid);
        } else if (current.previous == ejabberd::name_of(affiliation::none)) {
            co_await rooms_.subscribe(current.group_id, current.jid);
            co_await invite(current.group_id, current.jid);
        }
        core::fault_point("member.done");
    }
    co_await store_.end(current);
}

}  // namespace veil::groups
