// The changes of an account that span PostgreSQL and ejabberd. Each is written down before it begins and ends in one
// transaction, so that after a crash at any point the reconciler can finish or undo it: a registration is undone unless
// it had ended, a password change is finished if ejabberd has the new password, a deletion is always finished. Errors
// are those of the pool and of the ejabberd client. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <veil/audit/audit.hpp>
#include <veil/auth/revocations.hpp>
#include <veil/core/secret.hpp>
#include <veil/crypto/sealer.hpp>
#include <veil/ejabberd/client.hpp>
#include <veil/groups/service.hpp>

#include "store.hpp"

namespace veil::account {

class operations {
 public:
    operations(store& rows, ejabberd::client& xmpp, groups::service& groups, auth::revocations& revoked,
               crypto::sealer sealer);

    // Makes the account in both systems; the cutoff of its tokens (0 for none), or nullopt when the name is taken. A
    // client that repeats its request with the same password gets the account that it made.
    awaitable<std::optional<std::int64_t>> register_account(std::string jid, core::secret password);

    // Sets a new password in both systems and revokes all tokens; the cutoff that new tokens must be dated after.
    awaitable<std::int64_t> change_password(std::string jid, core::secret password);

    // Deletes the account from both systems; returns when it is gone.
    awaitable<void> delete_account(std::string jid, audit::source from);

    // Encrypts with another secret from now on.
    void reseal(crypto::sealer sealer) { sealer_ = std::move(sealer); }

    // Finishes or undoes what nobody works on any more, until cancelled.
    awaitable<void> reconcile_forever();

 private:
    enum class created { yes, taken, not_ours };

    awaitable<std::optional<operation>> begin_when_free(std::string jid, kind what, std::string sealed);
    awaitable<created> create(operation current, core::secret password);
    awaitable<void> finish_deletion(operation current, audit::source from);
    awaitable<bool> reconcile_next();
    awaitable<void> reconcile(operation current);
    awaitable<void> undo_registration(operation current);
    awaitable<void> settle_password(operation current);

    store& store_;
    ejabberd::client& xmpp_;
    groups::service& groups_;
    auth::revocations& revoked_;
    crypto::sealer sealer_;
};

}  // namespace veil::account
