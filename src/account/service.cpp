#include <algorithm>
#include <veil/account/service.hpp>
#include <veil/async/explained.hpp>
#include <veil/async/pause.hpp>
#include <veil/core/ascii.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/jid.hpp>
#include <veil/crypto/hmac.hpp>
#include <veil/http/source.hpp>

#include "operations.hpp"
#include "store.hpp"

namespace veil::account {
namespace {

using namespace std::chrono_literals;

constexpr core::failure name_taken{409, "That username is already taken."};
constexpr core::failure wrong_credentials{401, "Invalid username or password."};
constexpr core::failure not_the_callers{403, "Token JID does not match request JID"};
constexpr core::failure registration_out_of_reach{502, "Registration service unavailable. Please try again later."};
constexpr core::failure registration_refused{502, "Registration failed. Please try again later."};
constexpr core::failure login_out_of_reach{502, "Authentication service unavailable."};

// No refusal of a login comes sooner than this, so that its time tells nothing about whether the user exists.
constexpr auto refusal_time = 80ms;
constexpr auto recheck_pause = 200ms;
constexpr int rechecks = 2;

constexpr auto sealing_purpose = "account operations";

std::string user_of(const std::string& jid) { return std::string(core::local_part(jid)); }

}  // namespace

struct service::parts {
    parts(const options& with, db::pool& database, ejabberd::client& xmpp, groups::service& groups,
          auth::revocations& revoked)
        : rows(database, with.sip_domain),
          changes(rows, xmpp, groups, revoked, crypto::sealer(with.sealing_secret, sealing_purpose)) {}
    store rows;
    operations changes;
};

bool is_username(std::string_view text) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    };
    return !text.empty() && std::ranges::all_of(text, allowed);
}

service::service(options with, db::pool& database, ejabberd::client& xmpp, groups::service& groups,
                 auth::tokens& tokens, auth::revocations& revoked, limits::attempts& attempts)
    : options_(std::move(with)),
      xmpp_(xmpp),
      tokens_(tokens),
      revoked_(revoked),
      attempts_(attempts),
      parts_(std::make_unique<parts>(options_, database, xmpp, groups, revoked)) {}

service::~service() = default;

void service::reseal(const core::secret_pair& secret) {
    parts_->changes.reseal(crypto::sealer(secret, sealing_purpose));
    attempts_.rekey(secret.current);
}

void service::add_routes(http::router& routes) {
    routes.on(
        "POST", "/api/v1/account/register", *this, &service::register_account,
        {.id = "register_account",
         .summary = "Make an account",
         .description = "One name and password for REST, XMPP and SIP. The name is lower-cased. Asking again with "
                        "the same password, for example after a time-out, succeeds.",
         .failures = {name_taken, registration_out_of_reach, registration_refused},
         .limit = limits::route_class::registration});
    routes.on("POST", "/api/v1/account/login", *this, &service::login,
              {.id = "login",
               .summary = "Get a token",
               .description = "Who was wrong several times has to wait, longer each time.",
               .failures = {wrong_credentials, login_out_of_reach},
               .limit = limits::route_class::login});
    routes.on("POST", "/api/v1/account/password", *this, &service::change_password,
              {.id = "change_password",
               .summary = "Change the password",
               .description = "Revokes every earlier token of the account; the answer holds a new one.",
               .failures = {wrong_credentials, login_out_of_reach},
               .limit = limits::route_class::login});
    routes.on("POST", "/api/v1/account/logout", *this, &service::logout,
              {.id = "logout",
               .summary = "Revoke this token",
               .description = "The token is refused from now on by every server."});
    routes.on(
        "DELETE", "/api/v1/account", *this, &service::remove,
        {.id = "delete_account",
         .summary = "Delete the account everywhere",
         .description = "Tokens, XMPP account and history, SIP registration, push registrations and group memberships; "
                        "a group that would lose its last owner gets another. The name can be registered again "
                        "and inherits nothing.",
         .failures = {not_the_callers, wrong_credentials, registration_out_of_reach, registration_refused},
         .limit = limits::route_class::login});
}

awaitable<http::created<registered>> service::register_account(http::caller from, credentials wanted) {
    const auto user = core::to_lower(wanted.username);
    const auto jid = user + "@" + options_.xmpp_domain;
    audit::action noted("registration", from.source, jid);
    std::optional<std::int64_t> cutoff;
    if (std::ranges::find(options_.reserved_usernames, user) == options_.reserved_usernames.end())
        cutoff = co_await async::explained(register_counted(std::move(from), jid, std::move(wanted.password)),
                                           registration_out_of_reach, registration_refused);
    noted.ended(cutoff ? "ok" : "name_taken");
    if (!cutoff) throw core::api_error(name_taken);
    co_return http::created<registered>{{jid, "registered", tokens_.issue(jid, *cutoff)}};
}

awaitable<std::optional<std::int64_t>> service::register_counted(http::caller from, std::string jid,
                                                                 core::secret password) {
    from.obey(co_await attempts_.registration(from.source.address));
    co_return co_await parts_->changes.register_account(std::move(jid), std::move(password));
}

awaitable<signed_in> service::login(http::caller from, credentials presented) {
    const auto jid = core::to_lower(presented.username) + "@" + options_.xmpp_domain;
    return async::explained(login_counted(std::move(from), jid, std::move(presented.password)), login_out_of_reach,
                            login_out_of_reach);
}

// Whether the user exists or not, it is counted before anybody looks.
awaitable<signed_in> service::login_counted(http::caller from, std::string jid, core::secret password) {
    auto presented = co_await attempts_.password(from.source.address, jid);
    if (presented.said && !presented.said->allowed)
        audit::write({.event = "login_failure", .from = from.source, .account = jid, .outcome = "too_many_requests"});
    from.obey(presented.said);
    auto out =
        co_await attempts_.judge(std::move(presented), login_known(from.source, std::move(jid), std::move(password)));
    if (!out) throw core::api_error(wrong_credentials);
    co_return std::move(*out);
}

// Null for a wrong password.
awaitable<std::optional<signed_in>> service::login_known(audit::source from, std::string jid, core::secret password) {
    const auto not_before = std::chrono::steady_clock::now() + refusal_time;
    auto& rows = parts_->rows;
    const auto known = co_await rows.read(jid);
    const bool half_made = known.pending && known.pending->is_half_made_account();
    bool exists = known.account == standing::state::active;
    if (known.account == standing::state::none && !half_made)  // perhaps the old service left it to ejabberd alone
        exists = co_await xmpp_.account_exists(user_of(jid));
    const auto checked = exists ? jid : options_.decoy_user + "@" + options_.xmpp_domain;
    bool right = co_await is_right(checked, password, exists ? known.ha1 : std::string()) && exists;
    const auto digests = rows.digests(jid, password.reveal());
    if (right && (known.account == standing::state::none || !crypto::equal(known.ha1, digests.ha1)) && !known.pending)
        right = co_await rows.adopt(jid, digests, known.cutoff);
    if (!right) {
        audit::write({.event = "login_failure", .from = from, .account = jid, .outcome = "wrong_credentials"});
        co_await async::pause(not_before - std::chrono::steady_clock::now());
        co_return std::nullopt;
    }
    co_return signed_in{jid, tokens_.issue(jid, known.cutoff)};
}

// ejabberd's word, doubted when our own digest of the password says otherwise: a connection of its pool may be down.
awaitable<bool> service::is_right(std::string jid, core::secret password, std::string known_ha1) {
    bool right = co_await xmpp_.check_password(user_of(jid), password);
    if (right || !crypto::equal(known_ha1, parts_->rows.digests(jid, password.reveal()).ha1)) co_return right;
    for (int i = 0; i < rechecks && !right; ++i) {
        co_await async::pause(recheck_pause);
        right = co_await xmpp_.check_password(user_of(jid), password);
    }
    co_return right;
}

// Whether the holder of a valid token also knows the password.
awaitable<bool> service::may_act(http::caller from, std::string jid, core::secret password) {
    auto presented = co_await attempts_.password(from.source.address, jid);
    from.obey(presented.said);
    co_return co_await attempts_.judge(std::move(presented), knows_password(std::move(jid), std::move(password)));
}

awaitable<bool> service::knows_password(std::string jid, core::secret password) {
    const auto known = co_await parts_->rows.read(jid);
    co_return co_await is_right(std::move(jid), std::move(password), known.ha1);
}

awaitable<signed_in> service::change_password(auth::user who, http::caller from, password_change wanted) {
    audit::action noted("password_change", from.source, who.jid);
    if (!co_await async::explained(may_act(std::move(from), who.jid, std::move(wanted.old_password)),
                                   login_out_of_reach, login_out_of_reach)) {
        noted.ended("wrong_credentials");
        throw core::api_error(wrong_credentials);
    }
    const auto cutoff =
        co_await async::explained(parts_->changes.change_password(who.jid, std::move(wanted.new_password)),
                                  login_out_of_reach, login_out_of_reach);
    noted.ended("ok");
    co_return signed_in{who.jid, tokens_.issue(who.jid, cutoff)};
}

awaitable<outcome> service::logout(auth::user who, audit::source from) {
    audit::action noted("logout", std::move(from), who.jid);
    co_await revoked_.revoke_token(who.token_id, who.expires_at);
    noted.ended("ok");
    co_return outcome{"logged_out"};
}

awaitable<outcome> service::remove(auth::user who, http::caller from, deletion wanted) {
    audit::action noted("deletion", from.source, who.jid);
    if (core::bare_jid_of(wanted.jid, options_.xmpp_domain) != who.jid) {
        noted.ended("not_the_callers");
        throw core::api_error(not_the_callers);
    }
    if (!co_await async::explained(may_act(from, who.jid, std::move(wanted.password)), registration_out_of_reach,
                                   registration_refused)) {
        noted.ended("wrong_credentials");
        throw core::api_error(wrong_credentials);
    }
    co_await async::explained(parts_->changes.delete_account(who.jid, std::move(from.source)),
                              registration_out_of_reach, registration_refused);
    noted.ended("ok");
    co_return outcome{"deleted"};
}

awaitable<void> service::reconcile_forever() { return parts_->changes.reconcile_forever(); }

}  // namespace veil::account
