// The SQL of accounts. Every change of an account takes a lock on its JID, so that changes of one account happen one
// after the other, whichever process makes them. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <veil/db/pool.hpp>
#include <veil/groups/service.hpp>

namespace veil::account {

using boost::asio::awaitable;

enum class kind { registration, undoing, password, deletion };  // undoing: a registration that was interrupted

// One row of account_operations.
struct operation {
    std::string id;
    std::string jid;
    kind what = kind::registration;
    std::string sealed;
    bool fresh = true;  // begun less than two seconds ago: whoever began it is most likely still at it

    bool is_half_made_account() const { return what == kind::registration || what == kind::undoing; }
};

// What the database knows of a JID.
struct standing {
    enum class state { none, active, deleting } account = state::none;
    bool new_account = false;  // made in the last ten minutes
    std::string ha1;           // of the SIP subscriber, or empty
    std::int64_t cutoff = 0;   // of its tokens, Unix seconds
    std::optional<operation> pending;
};

// What SIP digest authentication needs of a password.
struct sip_digests {
    std::string ha1;   // MD5(user:domain:password)
    std::string ha1b;  // MD5(user@domain:domain:password)
};

// The first part of a deletion, done.
struct marked {
    std::int64_t cutoff = 0;  // of the account's tokens
    std::vector<groups::new_owner> handed_over;
};

class store {
 public:
    store(db::pool& database, std::string sip_domain) : database_(database), sip_domain_(std::move(sip_domain)) {}

    sip_digests digests(const std::string& jid, const std::string& password) const;

    awaitable<standing> read(std::string jid);

    // Notes that an operation begins; nullopt when the account or another operation is in the way. A registration wants
    // no account, the others an account that is not being deleted (or one that only ejabberd knows yet).
    awaitable<std::optional<operation>> begin(std::string jid, kind what, std::string sealed);

    // Takes an operation over from whoever had it; the old holder can no longer end it. nullopt when it has ended.
    awaitable<std::optional<operation>> take_over(operation current);

    // The operation whose lease ran out first, leased anew; nullopt when there is none. A registration is to be undone.
    awaitable<std::optional<operation>> take_due();

    // Lets an operation rest after a failed attempt, longer each time.
    awaitable<void> postpone(std::string id);

    // Each of these ends an operation in the transaction of its last effect. False (or nullopt): it was no longer ours.
    awaitable<bool> end_registration(operation current, sip_digests digests);
    // issued_until: no token of ours is dated later, Unix seconds; the result is the new cutoff.
    awaitable<std::optional<std::int64_t>> end_password(operation current, sip_digests digests,
                                                        std::int64_t issued_until);
    awaitable<bool> end_deletion(operation current);
    awaitable<void> drop(std::string id);

    // The first and irrevocable part of a deletion: tokens revoked, SIP and push registrations gone, groups
    // handed over. nullopt when the operation is no longer ours.
    awaitable<std::optional<marked>> mark_deleting(operation current, std::int64_t issued_until);

    // Writes account and subscriber for a password that ejabberd has just accepted. False when the account changed
    // since `seen_cutoff` was read.
    awaitable<bool> adopt(std::string jid, sip_digests digests, std::int64_t seen_cutoff);

 private:
    db::pool& database_;
    std::string sip_domain_;
};

}  // namespace veil::account
