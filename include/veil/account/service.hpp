// Accounts: registration, login, password change, logout and deletion (contract, section 3). Owned by the application;
// I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <vector>
#include <veil/audit/audit.hpp>
#include <veil/auth/tokens.hpp>
#include <veil/core/fields.hpp>
#include <veil/core/secret.hpp>
#include <veil/db/backlog.hpp>
#include <veil/db/pool.hpp>
#include <veil/ejabberd/client.hpp>
#include <veil/groups/service.hpp>
#include <veil/http/caller.hpp>
#include <veil/http/router.hpp>
#include <veil/limits/attempts.hpp>

namespace veil::account {

using boost::asio::awaitable;

// [a-zA-Z0-9_]+
bool is_username(std::string_view text);
inline constexpr core::pattern username_pattern{"^[a-zA-Z0-9_]+$", is_username};

inline constexpr core::rules jid_rules{.about = "Bare JID of the account.", .example = "alice@example.com"};
inline constexpr core::rules token_rules{.about = "Bearer token for the other routes.",
                                         .example = "header.claims.signature"};

struct credentials {
    std::string username;
    core::secret password;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("username", &credentials::username,
                  {.min_length = 3,
                   .max_length = 32,
                   .shape = &username_pattern,
                   .about = "Upper and lower case are one.",
                   .example = "alice"}),
            field("password", &credentials::password,
                  {.min_length = 8, .max_length = 128, .example = "correct horse battery"}),
        };
    }
};

struct registered {
    std::string jid;
    std::string status;
    core::secret token;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("jid", &registered::jid, jid_rules),
            field("status", &registered::status, {.example = "registered"}),
            field("token", &registered::token, token_rules),
        };
    }
};

struct signed_in {
    std::string jid;
    core::secret token;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("jid", &signed_in::jid, jid_rules),
            field("token", &signed_in::token, token_rules),
        };
    }
};

struct deletion {
    std::string jid;
    core::secret password;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("jid", &deletion::jid,
                  {.about = "Your bare JID: the one of the token.", .example = "alice@example.com"}),
            field("password", &deletion::password, {.example = "correct horse battery"}),
        };
    }
};

struct password_change {
    core::secret old_password;
    core::secret new_password;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("old_password", &password_change::old_password, {.example = "correct horse battery"}),
            field("new_password", &password_change::new_password,
                  {.min_length = 8, .max_length = 128, .example = "correct horse battery staple"}),
        };
    }
};

struct outcome {
    std::string status;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("status", &outcome::status, {.about = "What has happened.", .example = "logged_out"}),
        };
    }
};

struct options {
    std::string xmpp_domain;
    std::string sip_domain;
    std::string
        decoy_user;  // an account that exists: unknown users are checked against it, to take as long as known ones
    std::vector<std::string> reserved_usernames;
    core::secret_pair sealing_secret;  // encrypts the passwords of operations in hand
};

class service {
 public:
    service(options with, db::pool& database, ejabberd::client& xmpp, groups::service& groups, auth::tokens& tokens,
            auth::revocations& revoked, limits::attempts& attempts);
    ~service();

    void add_routes(http::router& routes);

    awaitable<http::created<registered>> register_account(http::caller from, credentials wanted);
    awaitable<signed_in> login(http::caller from, credentials presented);
    awaitable<signed_in> change_password(auth::user who, http::caller from, password_change wanted);
    awaitable<outcome> logout(auth::user who, audit::source from);
    awaitable<outcome> remove(auth::user who, http::caller from, deletion wanted);

    // Passwords of operations are encrypted with another secret from now on; those encrypted with secret.previous can
    // be read too.
    void reseal(const core::secret_pair& secret);

    // Finishes or undoes what a crash or an outage left half done, until cancelled.
    awaitable<void> reconcile_forever();

 private:
    struct parts;
    awaitable<std::optional<std::int64_t>> register_counted(http::caller from, std::string jid, core::secret password);
    awaitable<signed_in> login_counted(http::caller from, std::string jid, core::secret password);
    awaitable<std::optional<signed_in>> login_known(audit::source from, std::string jid, core::secret password);
    awaitable<bool> is_right(std::string jid, core::secret password, std::string known_ha1);
    awaitable<bool> may_act(http::caller from, std::string jid, core::secret password);
    awaitable<bool> knows_password(std::string jid, core::secret password);

    options options_;
    ejabberd::client& xmpp_;
    auth::tokens& tokens_;
    auth::revocations& revoked_;
    limits::attempts& attempts_;
    std::unique_ptr<parts> parts_;
};

// What the reconciler has before it, and what is being worked on right now.
db::backlog read_backlog(pqxx::work& tx);

}  // namespace veil::account
