#include <nlohmann/json.hpp>
#include <veil/async/deadline.hpp>
#include <veil/crypto/encoding.hpp>
#include <veil/ejabberd/client.hpp>

#include "answers.hpp"

namespace veil::ejabberd {
namespace {

using nlohmann::json;

constexpr std::chrono::milliseconds call_limit{5'000};
constexpr int token_seconds = 3'600;
constexpr std::chrono::seconds token_refresh{3'000};

}  // namespace

client::client(boost::asio::any_io_executor executor, veil::client::https_pool& connections, options with)
    : connections_(connections), options_(std::move(with)), issuing_(std::move(executor), 1, 1024) {}

awaitable<registration> client::register_user(std::string user, core::secret password) {
    co_return co_await async::with_deadline(call_limit, register_unbounded(std::move(user), std::move(password)),
                                            "ejabberd register");
}

awaitable<registration> client::register_unbounded(std::string user, core::secret password) {
    const auto answer =
        co_await call("register", {{"user", user}, {"host", options_.domain}, {"password", password.reveal()}}, false);
    if (answer.status == 200) co_return registration::registered;
    if (answer.status != 409) throw core::refused("ejabberd register: status " + std::to_string(answer.status));
    // Without its database it calls every name taken; only a name that it can show is.
    if (!co_await account_exists_unbounded(std::move(user)))
        throw core::unavailable("ejabberd register: it calls a name taken that does not exist");
    co_return registration::exists;
}

awaitable<bool> client::check_password(std::string user, core::secret password) {
    co_return co_await async::with_deadline(call_limit, check_password_unbounded(std::move(user), std::move(password)),
                                            "ejabberd check_password");
}

awaitable<bool> client::check_password_unbounded(std::string user, core::secret password) {
    auto answer = co_await call("check_password",
                                {{"user", user}, {"host", options_.domain}, {"password", password.reveal()}}, true);
    co_return co_await zero_means_yes(std::move(answer), "check_password");
}

awaitable<bool> client::account_exists(std::string user) {
    co_return co_await async::with_deadline(call_limit, account_exists_unbounded(std::move(user)),
                                            "ejabberd check_account");
}

awaitable<bool> client::account_exists_unbounded(std::string user) {
    auto answer = co_await call("check_account", {{"user", user}, {"host", options_.domain}}, true);
    co_return co_await zero_means_yes(std::move(answer), "check_account");
}

awaitable<bool> client::zero_means_yes(reply answer, std::string command) {
    if (answer.status != 200 || !answer.body.is_number_integer())
        throw core::refused("ejabberd " + command + ": status " + std::to_string(answer.status));
    if (answer.body == 0) co_return true;
    co_await confirm_database_unbounded();
    co_return false;
}

awaitable<password_change> client::change_password(std::string user, core::secret password) {
    const auto answer = co_await async::with_deadline(
        call_limit,
        call("change_password", {{"user", user}, {"host", options_.domain}, {"newpass", password.reveal()}}, true),
        "ejabberd change_password");
    if (answer.status == 200 && answer.body == 0) co_return password_change::changed;
    if (answer.status == 400 && answer.body == "db_failure")
        throw core::unavailable("ejabberd change_password: its database is down");
    if (answer.status != 404) throw core::refused("ejabberd change_password: status " + std::to_string(answer.status));
    co_await confirm_database();
    co_return password_change::unknown_user;
}

awaitable<void> client::unregister(std::string user) {
    co_await async::with_deadline(call_limit, unregister_unbounded(std::move(user)), "ejabberd unregister");
}

awaitable<void> client::unregister_unbounded(std::string user) {
    const auto answer = co_await call("unregister", {{"user", user}, {"host", options_.domain}}, true);
    if (answer.status != 200) throw core::refused("ejabberd unregister: status " + std::to_string(answer.status));
    if (co_await account_exists_unbounded(std::move(user)))
        throw core::unavailable("ejabberd unregister: the account is still there");
}

awaitable<bool> client::ready() {
    try {
        co_await confirm_database();
        co_return true;
    } catch (const core::unavailable&) {
    } catch (const core::refused&) {
    }
    co_return false;
}

awaitable<reply> client::command(std::string name, json arguments) {
    co_return co_await async::with_deadline(call_limit, call(std::move(name), std::move(arguments), true),
                                            "ejabberd command");
}

awaitable<void> client::confirm_database() {
    co_await async::with_deadline(call_limit, confirm_database_unbounded(), "ejabberd stats");
}

// The account of this API is a registered user itself, so a working database counts at least one.
awaitable<void> client::confirm_database_unbounded() {
    if (!has_counted(co_await call("stats", {{"name", "registeredusers"}}, true)))
        throw core::unavailable("ejabberd cannot reach its database");
}

// One command with a bearer token; a token that is no longer accepted is replaced once.
awaitable<reply> client::call(std::string command, json arguments, bool idempotent) {
    const auto body = arguments.dump();
    for (bool renewed = false;; renewed = true) {
        const auto token = co_await bearer();
        auto answer = co_await post(command, body, idempotent, core::secret("Bearer " + token.reveal()));
        if (answer.status != 401 || renewed) co_return answer;
        if (bearer_.equals(token.reveal())) bearer_ = core::secret();
    }
}

awaitable<reply> client::post(const std::string& command, std::string body, bool idempotent,
                              core::secret authorization) {
    const auto begin = std::chrono::steady_clock::now();
    std::exception_ptr failure;
    try {
        auto answer = co_await connections_.post({.path = options_.base_path + "/" + command,
                                                  .body = std::move(body),
                                                  .authorization = std::move(authorization),
                                                  .idempotent = idempotent});
        meters_.answered(command, begin, answer.status);
        co_return read_reply(answer.status, answer.body);
    } catch (...) {
        failure = std::current_exception();
    }
    meters_.failed(command, begin, failure);
    std::rethrow_exception(std::move(failure));
}

// Basic authentication costs ejabberd a whole SCRAM computation a call, so it only buys a token.
awaitable<core::secret> client::bearer() {
    const auto turn = co_await issuing_.acquire();
    if (!bearer_.empty() && std::chrono::steady_clock::now() < refresh_at_) co_return bearer_;
    keep(token_in(co_await sign_in(options_.api_password)));
    co_return bearer_;
}

awaitable<reply> client::sign_in(core::secret password) {
    const auto jid = options_.api_user + "@" + options_.domain;
    const json wanted{{"jid", jid}, {"ttl", token_seconds}, {"scopes", "ejabberd:admin"}};
    core::secret basic("Basic " + crypto::base64(jid + ":" + password.reveal()));
    co_return co_await post("oauth_issue_token", wanted.dump(), true, std::move(basic));
}

void client::keep(core::secret token) {
    bearer_ = std::move(token);
    refresh_at_ = std::chrono::steady_clock::now() + token_refresh;
}

awaitable<void> client::adopt_password(core::secret password) {
    co_await async::with_deadline(call_limit, adopt_password_unbounded(std::move(password)), "ejabberd sign-in");
}

awaitable<void> client::adopt_password_unbounded(core::secret password) {
    const auto turn = co_await issuing_.acquire();
    const auto answer = co_await sign_in(password);
    if (answer.status != 200) throw core::refused("ejabberd does not take it: status " + std::to_string(answer.status));
    keep(token_in(answer));
    options_.api_password = std::move(password);
}

}  // namespace veil::ejabberd
