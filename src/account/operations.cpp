#include "operations.hpp"

#include <veil/async/pause.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/fault_point.hpp>
#include <veil/core/jid.hpp>
#include <veil/crypto/hmac.hpp>
#include <veil/log/log.hpp>

namespace veil::account {
namespace {

using namespace std::chrono_literals;

constexpr auto patience = 4s;          // for another operation on the same account to end
constexpr auto poll_interval = 100ms;  // meanwhile
constexpr auto reconcile_interval = 1s;

std::string user_of(const std::string& jid) { return std::string(core::local_part(jid)); }

// event: a literal.
void note_settled(std::string_view event, const std::string& jid) {
    const audit::source nobody;
    audit::write({.event = event, .from = nobody, .account = jid, .outcome = "ok", .detail = "in the background"});
}

}  // namespace

operations::operations(store& rows, ejabberd::client& xmpp, groups::service& groups, auth::revocations& revoked,
                       crypto::sealer sealer)
    : store_(rows), xmpp_(xmpp), groups_(groups), revoked_(revoked), sealer_(std::move(sealer)) {}

awaitable<std::optional<std::int64_t>> operations::register_account(std::string jid, core::secret password) {
    const auto digests = store_.digests(jid, password.reveal());
    const auto until = std::chrono::steady_clock::now() + patience;
    while (std::chrono::steady_clock::now() < until) {
        const auto known = co_await store_.read(jid);
        if (known.account == standing::state::active) {
            const bool repeated = known.new_account && crypto::equal(known.ha1, digests.ha1) &&
                                  co_await xmpp_.check_password(user_of(jid), password);
            co_return repeated ? std::optional(known.cutoff) : std::nullopt;
        }
        std::optional<operation> ours;
        if (known.pending) {
            const auto wanted = sealer_.open(known.pending->sealed, jid);
            const bool repeated = known.pending->is_half_made_account() && wanted && wanted->equals(password.reveal());
            if (!repeated) co_return std::nullopt;
            // One that is being undone is waited for: its account may go at any moment.
            if (known.pending->what == kind::registration && !known.pending->fresh)
                ours = co_await store_.take_over(*known.pending);
        } else if (known.account == standing::state::deleting) {
            co_return std::nullopt;
        } else if (co_await xmpp_.account_exists(user_of(jid))) {
            // Known to ejabberd alone, as the old service left it: whoever has its password may have it.
            if (!co_await xmpp_.check_password(user_of(jid), password)) co_return std::nullopt;
            if (co_await store_.adopt(jid, digests, known.cutoff)) co_return known.cutoff;
        } else {
            ours = co_await store_.begin(jid, kind::registration, sealer_.seal(password, jid));
        }
        if (ours) {
            core::fault_point("register.claimed");
            const auto result = co_await create(*ours, password);
            if (result == created::yes) co_return known.cutoff;
            if (result == created::taken) co_return std::nullopt;
        }
        co_await async::pause(poll_interval);
    }
    throw core::unavailable("another registration of this name does not end");
}

// The two halves of a registration that has been written down.
awaitable<operations::created> operations::create(operation current, core::secret password) {
    bool taken = false;
    std::exception_ptr without_effect;
    try {
        taken = co_await xmpp_.register_user(user_of(current.jid), password) == ejabberd::registration::exists &&
                !co_await xmpp_.check_password(user_of(current.jid), password);
    } catch (const client::not_sent&) {
        without_effect = std::current_exception();
    } catch (const core::refused&) {
        without_effect = std::current_exception();
    }
    if (taken || without_effect) co_await store_.drop(current.id);
    if (without_effect) std::rethrow_exception(without_effect);
    if (taken) co_return created::taken;
    core::fault_point("register.created");
    const bool ended = co_await store_.end_registration(current, store_.digests(current.jid, password.reveal()));
    core::fault_point("register.committed");
    co_return ended ? created::yes : created::not_ours;
}

// Begins an operation; waits a little when another one on the same account is at work. nullopt: it did not end, or the
// account is being deleted.
awaitable<std::optional<operation>> operations::begin_when_free(std::string jid, kind what, std::string sealed) {
    const auto until = std::chrono::steady_clock::now() + patience;
    do {
        if (auto ours = co_await store_.begin(jid, what, sealed)) co_return ours;
        co_await async::pause(poll_interval);
    } while (std::chrono::steady_clock::now() < until);
    co_return std::nullopt;
}

awaitable<std::int64_t> operations::change_password(std::string jid, core::secret password) {
    const auto current = co_await begin_when_free(jid, kind::password, sealer_.seal(password, jid));
    if (!current) throw core::unavailable("another change of the account does not end");
    core::fault_point("password.claimed");
    std::exception_ptr without_effect;
    try {
        if (co_await xmpp_.change_password(user_of(jid), password) == ejabberd::password_change::unknown_user)
            throw core::refused("the account is not in ejabberd");
    } catch (const client::not_sent&) {
        without_effect = std::current_exception();
    } catch (const core::refused&) {
        without_effect = std::current_exception();
    }
    if (without_effect) {
        co_await store_.drop(current->id);
        std::rethrow_exception(without_effect);
    }
    core::fault_point("password.changed");
    const auto cutoff =
        co_await store_.end_password(*current, store_.digests(jid, password.reveal()), revoked_.latest_issue());
    core::fault_point("password.committed");
    if (!cutoff) throw core::unavailable("the password change took too long and is settled in the background");
    revoked_.apply_cutoff(jid, *cutoff);
    co_return *cutoff;
}

awaitable<void> operations::delete_account(std::string jid, audit::source from) {
    const auto current = co_await begin_when_free(jid, kind::deletion, {});
    if (!current) throw core::unavailable("another change of the account does not end");
    co_await finish_deletion(*current, std::move(from));
}

// Every step may be repeated, and each begins with those before it.
awaitable<void> operations::finish_deletion(operation current, audit::source from) {
    const auto marked = co_await store_.mark_deleting(current, revoked_.latest_issue());
    if (!marked) co_return;  // somebody else has taken it over
    revoked_.apply_cutoff(current.jid, marked->cutoff);
    for (const auto& each : marked->handed_over) groups::note_owner(from, current.jid, each);
    core::fault_point("delete.claimed");
    co_await groups_.leave_all(current.jid);  // ejabberd would forget some of them only
    core::fault_point("delete.left");
    co_await xmpp_.unregister(user_of(current.jid));
    core::fault_point("delete.unregistered");
    co_await store_.end_deletion(current);
    core::fault_point("delete.committed");
}

awaitable<void> operations::reconcile_forever() {
    while (true)
        if (!co_await reconcile_next()) co_await async::pause(reconcile_interval);
}

// False: there is nothing to do, or nothing can be done now.
awaitable<bool> operations::reconcile_next() {
    std::optional<operation> due;
    std::string failure;
    try {
        due = co_await store_.take_due();
        if (!due) co_return false;
        co_await reconcile(*due);
        co_return true;
    } catch (const core::unavailable& error) {
        failure = error.what();
    } catch (const core::refused& error) {
        failure = error.what();
    }
    if (!due) co_return false;
    log::warn("an account operation is left for later: {}", failure);
    try {
        co_await store_.postpone(due->id);
    } catch (const core::unavailable&) {  // its lease will run out
    }
    co_return false;
}

awaitable<void> operations::reconcile(operation current) {
    switch (current.what) {
        case kind::registration:
        case kind::undoing:
            co_await undo_registration(current);
            break;
        case kind::password:
            co_await settle_password(current);
            break;
        case kind::deletion:
            co_await finish_deletion(current, {});
            note_settled("deletion", current.jid);
            break;
    }
    log::info("an interrupted account operation was settled");
}

// Only the password proves that the account in ejabberd is the one that this registration made.
awaitable<void> operations::undo_registration(operation current) {
    const auto password = sealer_.open(current.sealed, current.jid);
    if (password && co_await xmpp_.check_password(user_of(current.jid), *password))
        co_await xmpp_.unregister(user_of(current.jid));
    co_await store_.drop(current.id);
}

awaitable<void> operations::settle_password(operation current) {
    const auto password = sealer_.open(current.sealed, current.jid);
    if (!password || !co_await xmpp_.check_password(user_of(current.jid), *password)) {
        co_await store_.drop(current.id);
        co_return;
    }
    const auto cutoff =
        co_await store_.end_password(current, store_.digests(current.jid, password->reveal()), revoked_.latest_issue());
    if (!cutoff) co_return;
    revoked_.apply_cutoff(current.jid, *cutoff);
    note_settled("password_change", current.jid);
}

}  // namespace veil::account
