#include "google_tokens.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <veil/async/jitter.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/secret_file.hpp>
#include <veil/crypto/digest.hpp>
#include <veil/log/log.hpp>

#include "answer.hpp"

namespace veil::push {
namespace asio = boost::asio;
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr auto scope = "https://www.googleapis.com/auth/firebase.messaging";
constexpr std::int64_t assertion_life = 3'600;  // seconds; the most that Google takes
constexpr auto early = 300s;                    // refreshed so long before its end
constexpr auto shortest_life = 1s;
constexpr auto answer_limit = 10s;
constexpr std::chrono::milliseconds first_retry{500}, last_retry{5'000};  // while there is no live token
constexpr std::chrono::milliseconds patient_retry{60'000};                // while there is one

std::string text_member(const json& account, const char* name) {
    const auto it = account.find(name);
    if (it == account.end() || !it->is_string() || it->get_ref<const std::string&>().empty())
        throw std::invalid_argument(std::string("FCM_SERVICE_ACCOUNT_PATH holds no ") + name);
    return it->get<std::string>();
}

// A token with a line break in it would end as a broken header.
bool is_header_text(const json& value) {
    return value.is_string() && !value.get_ref<const std::string&>().empty() &&
           std::ranges::all_of(value.get_ref<const std::string&>(), [](char c) { return c > ' ' && c <= '~'; });
}

core::secret read_file(const std::string& path) {
    try {
        return core::read_secret_file(path).text;
    } catch (const std::invalid_argument& fault) {
        throw std::invalid_argument(std::string("FCM_SERVICE_ACCOUNT_PATH ") + fault.what());
    }
}

client::http2_options connection_to(const options& with, const core::https_url& token_uri) {
    if (!with.fcm_token.host.empty())
        return {.host = with.fcm_token.host, .port = with.fcm_token.port, .ca_file = with.ca_file, .on_demand = true};
    return {.host = token_uri.host, .port = token_uri.port, .ca_file = with.ca_file, .on_demand = true};
}

}  // namespace

service_account read_service_account(const options& with) {
    const auto file = read_file(with.fcm_account_path);
    const auto account = json::parse(file.reveal(), nullptr, false);
    if (!account.is_object()) throw std::invalid_argument("FCM_SERVICE_ACCOUNT_PATH is no JSON object");
    const core::secret pem(text_member(account, "private_key"));
    const auto token_uri = text_member(account, "token_uri");
    try {
        core::parse_https_url(token_uri);
    } catch (const std::invalid_argument&) {
        throw std::invalid_argument("FCM_SERVICE_ACCOUNT_PATH holds a token_uri that is not an https:// address");
    }
    try {
        return {crypto::signing_key(pem, crypto::signature::rs256),
                text_member(account, "private_key_id"),
                text_member(account, "project_id"),
                text_member(account, "client_email"),
                token_uri,
                crypto::sha256(file.reveal())};
    } catch (const std::invalid_argument& fault) {
        const std::string what = fault.what();
        throw std::invalid_argument(what.starts_with("FCM_") ? what : "FCM_SERVICE_ACCOUNT_PATH " + what);
    }
}

google_tokens::google_tokens(asio::any_io_executor executor, const options& with, service_account account,
                             const core::clock& clock)
    : account_(std::move(account)),
      clock_(clock),
      uri_(core::parse_https_url(account_.token_uri)),
      connection_(executor, connection_to(with, uri_)),
      due_(executor),
      fetched_(executor),
      tasks_(executor) {}

void google_tokens::start() {
    connection_.start();
    tasks_.spawn("access token", keep_fresh());
}

awaitable<void> google_tokens::stop() {
    co_await tasks_.stop();
    co_await connection_.stop();
}

awaitable<void> google_tokens::wait(time_point until) {
    while (!live()) {
        if (std::chrono::steady_clock::now() >= until) throw client::not_sent("no access token: " + failure_);
        co_await fetched_.wait(until);
    }
}

double google_tokens::age() const {
    if (!live()) return std::numeric_limits<double>::infinity();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - fetched_at_).count();
}

void google_tokens::measure(metrics::registry& into) const { measure_connection(into, connection_, "google_token"); }

void google_tokens::renew(const bearer& refused) {
    if (token_ != refused) return;
    token_.reset();
    failure_ = "the last one was refused";
    refresh_at_ = {};
    due_.notify();
}

void google_tokens::replace(service_account account) {
    if (account.token_uri != account_.token_uri)
        throw std::invalid_argument("FCM_SERVICE_ACCOUNT_PATH holds another token_uri, which needs a restart");
    if (account.project != account_.project) token_.reset();
    account_ = std::move(account);
    ++generation_;
    refresh_at_ = {};
    due_.notify();
}

// Fails rarely and recovers by itself: soon while there is no token, every minute while the old one lives.
awaitable<void> google_tokens::keep_fresh() {
    auto retry = first_retry;
    while (true) {
        while (std::chrono::steady_clock::now() < refresh_at_) co_await due_.wait(refresh_at_);
        if (co_await fetch()) {
            retry = first_retry;
            continue;
        }
        const auto pause = live() ? patient_retry : retry;
        log::warn("no new access token from {}: {}", connection_.host(), failure_);
        refresh_at_ = std::chrono::steady_clock::now() + async::jittered(pause);
        if (live()) refresh_at_ = std::min(refresh_at_, expires_at_);
        retry = std::min(retry * 2, last_retry);
    }
}

awaitable<bool> google_tokens::fetch() {
    const auto until = std::chrono::steady_clock::now() + answer_limit;
    const auto asked_for = generation_;
    try {
        const auto answer = co_await connection_.send(request(), {until, until});
        if (asked_for == generation_) take(access_token_in(answer));
        co_return true;
    } catch (const core::unavailable& error) {
        failure_ = error.what();
    } catch (const core::refused& error) {
        failure_ = error.what();
    }
    co_return false;
}

client::http2_request google_tokens::request() const {
    const auto now = clock_.now();
    const json header{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", account_.key_id}};
    const json claims{{"iss", account_.client_email},
                      {"scope", scope},
                      {"aud", account_.token_uri},
                      {"iat", now},
                      {"exp", now + assertion_life}};
    const auto assertion = account_.key.sign_jwt(header.dump(), claims.dump());
    return {.path = uri_.path.empty() ? "/" : uri_.path,
            .headers = {{"content-type", "application/x-www-form-urlencoded"}},
            .body = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=" + assertion.reveal()};
}

void google_tokens::take(const access_token& fresh) {
    token_ = std::make_shared<const core::secret>("Bearer " + fresh.token.reveal());
    fetched_at_ = std::chrono::steady_clock::now();
    expires_at_ = fetched_at_ + fresh.life;
    refresh_at_ = std::chrono::steady_clock::now() + std::max<std::chrono::seconds>(fresh.life - early, shortest_life);
    fetched_.notify();
}

access_token access_token_in(const client::http2_answer& answer) {
    const auto body = json::parse(answer.body, nullptr, false);
    if (answer.status != 200) {
        const bool named = body.is_object() && body.contains("error") && body["error"].is_string();
        throw core::refused("status " + std::to_string(answer.status) +
                            (named ? " " + clean_reason(body["error"].get<std::string>()) : ""));
    }
    if (!body.is_object() || !body.contains("access_token") || !is_header_text(body["access_token"]) ||
        !body.contains("expires_in") || !body["expires_in"].is_number_integer())
        throw core::refused("an answer that makes no sense");
    const std::chrono::seconds life(std::clamp<std::int64_t>(body["expires_in"].get<std::int64_t>(), 1, 86'400));
    return {core::secret(body["access_token"].get<std::string>()), life};
}

}  // namespace veil::push
