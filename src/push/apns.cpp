#include "apns.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <veil/core/errors.hpp>
#include <veil/core/secret_file.hpp>
#include <veil/crypto/digest.hpp>
#include <veil/log/log.hpp>

#include "answer.hpp"

namespace veil::push {
namespace {

using namespace std::chrono_literals;

constexpr auto refusal_pause = 10min;
constexpr std::size_t max_topics = 1'000;
constexpr auto device_pause = 1s;  // after TooManyRequests for a device

std::string_view environment_name(bool sandbox) { return sandbox ? "sandbox" : "production"; }

// A bundle id (letters, digits, hyphens, dots); anything else would end as a broken header.
bool is_bundle_id(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

outcome of(result what, std::string reason) { return {.what = what, .reason = std::move(reason)}; }

outcome from_bad_request(const std::string& reason) {
    if (reason == "BadDeviceToken") return of(result::bad_token, reason);
    if (reason == "DeviceTokenNotForTopic") return of(result::flagged, reason);
    if (reason == "TopicDisallowed") return of(result::misconfigured, reason);
    return of(result::rejected, reason);
}

// Without the time there is no telling whether the app has registered again since.
outcome from_gone(const std::string& reason, const nlohmann::json& body) {
    auto out = of(result::rejected, reason);
    const auto it = body.find("timestamp");
    if ((reason == "Unregistered" || reason == "ExpiredToken") && it != body.end() && it->is_number_integer()) {
        out.what = result::unregistered;
        out.gone_since = it->get<std::int64_t>();
    }
    return out;
}

outcome from_throttling(const std::string& reason) {
    return {.what = result::throttled, .reason = reason, .retry = true, .not_before = device_pause};
}

}  // namespace

outcome apns_outcome(const client::http2_answer& answer) {
    if (answer.status == 200) return of(result::accepted, {});
    auto body = nlohmann::json::parse(answer.body, nullptr, false);
    if (!body.is_object()) body = nlohmann::json::object();
    const auto it = body.find("reason");
    const bool named = it != body.end() && it->is_string();
    const auto reason =
        named ? clean_reason(it->get_ref<const std::string&>()) : "Status" + std::to_string(answer.status);
    if (answer.status == 400) return from_bad_request(reason);
    if (answer.status == 403) return of(result::misconfigured, reason);
    if (answer.status == 410) return from_gone(reason, body);
    if (answer.status == 429) return from_throttling(reason);
    if (answer.status >= 500)
        return {.what = result::unavailable, .reason = reason, .retry = true, .not_before = retry_after(answer)};
    return of(result::rejected, reason);
}

std::optional<outcome> apns::pause::in_force() {
    if (std::chrono::steady_clock::now() >= until) return std::nullopt;
    return of(result::misconfigured, reason);
}

void apns::pause::begin(const std::string& why) {
    reason = why;
    until = std::chrono::steady_clock::now() + refusal_pause;
}

client::http2_options apns::connection_to(const endpoint& at, const options& with, bool first) {
    return {.host = at.host, .port = at.port, .ca_file = with.ca_file, .on_demand = !first};
}

struct apns::key_file {
    apns_key key;
    std::string mark;
};

apns::key_file apns::read(const options& with) {
    if (with.apns_key_id.empty()) throw std::invalid_argument("APNS_KEY_ID is empty");
    if (with.apns_team_id.empty()) throw std::invalid_argument("APNS_TEAM_ID is empty");
    try {
        const auto pem = core::read_secret_file(with.apns_key_path).text;
        return {{crypto::signing_key(pem, crypto::signature::es256), with.apns_key_id, with.apns_team_id},
                crypto::sha256(with.apns_key_id + ":" + pem.reveal())};
    } catch (const std::invalid_argument& fault) {
        throw std::invalid_argument(std::string("APNS_KEY_PATH ") + fault.what());
    }
}

apns::apns(boost::asio::any_io_executor executor, const options& with, db::pool& database, const core::clock& clock)
    : apns(executor, with, read(with), database, clock) {}

apns::apns(const boost::asio::any_io_executor& executor, const options& with, key_file read, db::pool& database,
           const core::clock& clock)
    : bundle_id_(with.apns_bundle_id),
      try_both_(with.apns_try_both),
      key_mark_(std::move(read.mark)),
      tokens_(executor, database, clock, std::move(read.key), with.sealing_secret),
      first_{
          environment_name(with.apns_sandbox_first),
          client::http2_client(
              executor, connection_to(with.apns_sandbox_first ? with.apns_sandbox : with.apns_production, with, true)),
          {},
          {}},
      second_{
          environment_name(!with.apns_sandbox_first),
          client::http2_client(
              executor, connection_to(with.apns_sandbox_first ? with.apns_production : with.apns_sandbox, with, false)),
          {},
          {}},
      tasks_(executor) {}

std::string apns::describe() const {
    std::string out(first_.name);
    if (try_both_)
        out.append(" first, then ").append(second_.name);
    else
        out += " only";
    return out + " at " + first_.connection.host();
}

void apns::measure(metrics::registry& into) {
    measure_connection(into, first_.connection, "apns_" + std::string(first_.name));
    measure_connection(into, second_.connection, "apns_" + std::string(second_.name));
    into.on_scrape([this, age = into.make_gauge(provider_token_age, {{"provider", name()}})]() mutable {
        age.set(tokens_.age());
    });
}

void apns::start() {
    first_.connection.start();
    second_.connection.start();
    tasks_.spawn("provider token", warm_up());
}

awaitable<void> apns::stop() {
    co_await tasks_.stop();
    co_await first_.connection.stop();
    co_await second_.connection.stop();
}

// Apple goes on judging a connection by the key that it began with; a refusal of the old one says nothing of the new.
awaitable<bool> apns::reload_key(options with) {
    auto found = read(with);
    if (found.mark == key_mark_) co_return false;
    co_await tokens_.replace_key(std::move(found.key));
    key_mark_ = std::move(found.mark);
    for (auto* each : {&first_, &second_}) {
        each->whole = {};
        each->connection.renew();
    }
    co_return true;
}

void apns::trust(const std::string& ca_file) {
    first_.connection.trust(ca_file);
    second_.connection.trust(ca_file);
}

// So that the first call does not wait for the token.
awaitable<void> apns::warm_up() {
    try {
        co_await tokens_.look();
    } catch (const core::unavailable& error) {
        log::warn("no provider token yet: {}", error.what());
    }
}

// One coroutine for all of it: ten thousand of them may wait at once.
awaitable<outcome> apns::send(attempt a) {
    auto* where = try_both_ && a.to.environment == second_.name ? &second_ : &first_;
    bool other_tried = !try_both_, token_tried = false;
    std::exception_ptr failure;
    try {
        while (true) {
            if (auto found = stands_in_the_way(*where, topic_of(a.to))) co_return std::move(*found);
            if (tokens_.due()) co_await tokens_.look();
            bearer token;
            auto seen = apns_outcome(co_await where->connection.send(
                [&] { return request(a, token = tokens_.current()); }, deadlines_of(a)));
            if (seen.what == result::bad_token && !std::exchange(other_tried, true)) {
                where = where == &first_ ? &second_ : &first_;
            } else if (seen.reason == "ExpiredProviderToken" && !std::exchange(token_tried, true)) {
                if (co_await tokens_.replace(token)) where->connection.renew();  // Apple goes on refusing on this one
            } else if (seen.reason == "TooManyProviderTokenUpdates" && !std::exchange(token_tried, true)) {
                co_await tokens_.step_back(token);
            } else {
                remember_refusal(*where, topic_of(a.to), seen);
                if (seen.what == result::accepted) seen.environment = where->name;
                co_return seen;
            }
        }
    } catch (...) {
        failure = std::current_exception();
    }
    co_return from_failure(failure);
}

std::optional<outcome> apns::stands_in_the_way(environment& where, const std::string& topic) const {
    if (!is_bundle_id(topic)) return of(result::flagged, "BadTopic");
    if (auto stopped = where.whole.in_force()) return stopped;
    const auto it = where.topics.find(topic);
    return it == where.topics.end() ? std::nullopt : it->second.in_force();
}

// TopicDisallowed speaks of one app id, which any client can claim; the others say that our key is no good.
void apns::remember_refusal(environment& where, const std::string& topic, const outcome& seen) const {
    if (seen.what == result::accepted) where.topics.erase(topic);
    if (seen.what != result::misconfigured) return;
    if (seen.reason == "TopicDisallowed") {
        if (where.topics.size() >= max_topics) where.topics.clear();
        where.topics[topic].begin(seen.reason);
        log::error("Apple refuses an app id ({}): no pushes to it for {} minutes", seen.reason, refusal_pause.count());
    } else {
        where.whole.begin(seen.reason);
        log::error(
            "Apple refuses our key in {} ({}): no pushes to iOS for {} minutes; check APNS_KEY_PATH, APNS_KEY_ID "
            "and APNS_TEAM_ID",
            where.name, seen.reason, refusal_pause.count());
    }
}

client::http2_request apns::request(const attempt& a, const bearer& token) const {
    note_on_wire(a);
    return {.path = "/3/device/" + percent_encoded(a.to.token),
            .headers = {{"apns-topic", topic_of(a.to) + ".voip"},
                        {"apns-push-type", "voip"},
                        {"apns-priority", "10"},
                        {"apns-expiration", std::to_string(a.what.expires_at)},
                        {"apns-id", a.push_id, false}},
            .authorization = token,
            .body = apns_payload(a.what)};
}

}  // namespace veil::push
