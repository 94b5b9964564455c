#include "fcm.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <veil/log/log.hpp>

#include "answer.hpp"

namespace veil::push {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::steady_clock;

constexpr auto quota_pause = 60s;
constexpr auto alarm_pause = 1min;
constexpr std::size_t max_quiet = 10'000;

struct fcm_error {
    std::string code;
    bool ours = false;  // a field violation points at what we wrote and not at the token
};

// A member that is an object or an array, or an empty object.
json part(const json& from, const char* name) {
    const auto it = from.is_object() ? from.find(name) : from.end();
    return from.is_object() && it != from.end() && it->is_structured() ? *it : json::object();
}

std::string text(const json& from, const char* name) {
    const auto it = from.is_object() ? from.find(name) : from.end();
    return from.is_object() && it != from.end() && it->is_string() ? it->get<std::string>() : std::string();
}

fcm_error parse_error(const client::http2_answer& answer) {
    fcm_error out;
    const auto body = json::parse(answer.body, nullptr, false);
    const auto error = part(body, "error");
    for (const auto& detail : part(error, "details")) {
        if (const auto code = text(detail, "errorCode"); !code.empty()) out.code = clean_reason(code);
        for (const auto& violation : part(detail, "fieldViolations"))
            out.ours = out.ours || text(violation, "field") != "message.token";
    }
    return out;
}

outcome of(result what, std::string reason) { return {.what = what, .reason = std::move(reason)}; }

outcome again(result what, std::string reason, std::chrono::milliseconds not_before) {
    return {.what = what, .reason = std::move(reason), .retry = true, .not_before = not_before};
}

}  // namespace

outcome fcm_outcome(const client::http2_answer& answer) {
    if (answer.status == 200) return of(result::accepted, {});
    const auto error = parse_error(answer);
    const auto& code = error.code;
    const auto reason = code.empty() ? "Status" + std::to_string(answer.status) : code;
    if (code == "UNREGISTERED") return of(result::unregistered, reason);
    if (code == "INVALID_ARGUMENT") return of(error.ours ? result::rejected : result::bad_token, reason);
    if (code == "SENDER_ID_MISMATCH") return of(result::flagged, reason);
    if (code == "QUOTA_EXCEEDED" || answer.status == 429) {
        const auto asked = retry_after(answer);
        return again(result::throttled, reason, asked > 0ms ? asked : quota_pause);
    }
    if (answer.status >= 500) return again(result::unavailable, reason, retry_after(answer));
    if (answer.status == 401 || answer.status == 403) return of(result::misconfigured, reason);
    return of(result::rejected, reason);
}

fcm::fcm(boost::asio::any_io_executor executor, const options& with, const core::clock& clock)
    : fcm(executor, with, read_service_account(with), clock) {}

fcm::fcm(boost::asio::any_io_executor executor, const options& with, service_account account, const core::clock& clock)
    : project_(account.project),
      account_mark_(account.mark),
      tokens_(executor, with, std::move(account), clock),
      connection_(executor, {.host = with.fcm.host, .port = with.fcm.port, .ca_file = with.ca_file}) {}

std::string fcm::describe() const { return "project " + project_ + " at " + connection_.host(); }

void fcm::measure(metrics::registry& into) {
    tokens_.measure(into);
    measure_connection(into, connection_, "fcm");
    into.on_scrape([this, age = into.make_gauge(provider_token_age, {{"provider", name()}})]() mutable {
        age.set(tokens_.age());
    });
}

void fcm::start() {
    tokens_.start();
    connection_.start();
}

awaitable<void> fcm::stop() {
    co_await tokens_.stop();
    co_await connection_.stop();
}

awaitable<bool> fcm::reload_key(options with) {
    auto found = read_service_account(with);
    if (found.mark == account_mark_) co_return false;
    auto project = found.project, mark = found.mark;
    tokens_.replace(std::move(found));
    project_ = std::move(project);
    account_mark_ = std::move(mark);
    co_return true;
}

void fcm::trust(const std::string& ca_file) {
    tokens_.trust(ca_file);
    connection_.trust(ca_file);
}

awaitable<outcome> fcm::send(attempt a) {
    if (auto quiet = asked_to_be_quiet(a.to.token)) co_return std::move(*quiet);
    bool token_tried = false;
    std::exception_ptr failure;
    try {
        while (true) {
            if (!tokens_.current()) co_await tokens_.wait(deadlines_of(a).sent);
            bearer token;
            const auto answer =
                co_await connection_.send([&] { return request(a, token = tokens_.current()); }, deadlines_of(a));
            auto seen = fcm_outcome(answer);
            // THIRD_PARTY_AUTH_ERROR is another 401, that a new token does not help.
            if (answer.status == 401 && seen.reason != "THIRD_PARTY_AUTH_ERROR" && !std::exchange(token_tried, true)) {
                tokens_.renew(token);
                continue;
            }
            if (seen.what == result::throttled) keep_quiet(a.to.token, steady_clock::now() + seen.not_before);
            if (seen.what == result::misconfigured) raise_alarm(seen);
            co_return seen;
        }
    } catch (...) {
        failure = std::current_exception();
    }
    co_return from_failure(failure);
}

std::optional<outcome> fcm::asked_to_be_quiet(const std::string& token) const {
    const auto it = quiet_until_.find(token);
    if (it == quiet_until_.end() || steady_clock::now() >= it->second) return std::nullopt;
    return again(result::throttled, "QUOTA_EXCEEDED",
                 std::chrono::ceil<std::chrono::milliseconds>(it->second - steady_clock::now()));
}

void fcm::keep_quiet(const std::string& token, time_point until) {
    if (quiet_until_.size() >= max_quiet)
        std::erase_if(quiet_until_, [&](const auto& entry) { return entry.second <= steady_clock::now(); });
    if (quiet_until_.size() < max_quiet) quiet_until_[token] = until;
}

void fcm::raise_alarm(const outcome& seen) {
    if (steady_clock::now() < next_alarm_) return;
    next_alarm_ = steady_clock::now() + alarm_pause;
    log::error("Google refuses our account ({}); check FCM_SERVICE_ACCOUNT_PATH and the project's settings",
               seen.reason);
}

client::http2_request fcm::request(const attempt& a, const bearer& token) const {
    note_on_wire(a);
    const auto left = std::chrono::ceil<std::chrono::seconds>(a.until - steady_clock::now());
    return {.path = "/v1/projects/" + percent_encoded(project_) + "/messages:send",
            .headers = {{"content-type", "application/json"}},
            .authorization = token,
            .body = fcm_payload(a.what, a.to.token, std::max<std::int64_t>(left.count(), 0))};
}

}  // namespace veil::push
