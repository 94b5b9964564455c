#include <algorithm>
#include <array>
#include <veil/async/jitter.hpp>
#include <veil/core/ascii.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/fault_point.hpp>
#include <veil/core/jid.hpp>
#include <veil/core/uuid.hpp>
#include <veil/log/log.hpp>
#include <veil/push/service.hpp>

#include "dispatcher.hpp"
#include "registrations.hpp"
#include "webhook_story.hpp"

namespace veil::push {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr core::failure not_the_callers{403, "Token JID does not match request JID"};
constexpr core::failure not_registered{404, "Push registration not found"};

constexpr std::chrono::milliseconds prune_interval{600'000};
constexpr auto busy_pause = 50ms;

// Within the two seconds of the contract, with room for what comes before and after.
constexpr auto answer_limit = 1'800ms;
constexpr auto least_turn = 500ms;  // what a call needs to reach its devices

template <std::size_t N>
bool is_one_of(std::string_view text, const std::array<std::string_view, N>& words) {
    return std::ranges::find(words, text) != words.end();
}

}  // namespace

struct service::parts {
    parts(const boost::asio::any_io_executor& executor, const options& with, db::pool& database,
          const core::clock& clock)
        : rows(executor, database),
          known_calls(database),
          by_platform(executor, with, database, clock),
          post(executor, by_platform, known_calls, database, clock, with.ring_time),
          background(executor) {}

    awaitable<void> prune_forever() {
        while (true) {
            try {
                co_await known_calls.prune();
            } catch (const core::unavailable& error) {
                log::warn("old push records stay for now: {}", error.what());
            }
            co_await async::pause(async::jittered(prune_interval));
        }
    }

    // The first to ask rings; whoever asks meanwhile waits for its answer, or rings itself when the first has died. Not
    // in the last moment: nobody could have rung before the answer, and that answer would stand.
    awaitable<claim> take_call(std::string callee, std::string call_id, steady_clock::time_point until) {
        auto taken = co_await known_calls.take(callee, call_id);
        while (taken.what == claim::state::busy && steady_clock::now() < until - least_turn) {
            co_await async::pause(busy_pause);
            taken = co_await known_calls.take(callee, call_id);
        }
        co_return taken;
    }

    webhook_story tell(message::kind what, const webhook_caller& from, const std::string& call_id,
                       const std::optional<std::string>& callee, const std::string& reason = {}) {
        return {post.records(),
                post.counts(),
                {.kind = what,
                 .call_id = call_id,
                 .callee = callee.value_or(""),
                 .request_id = from.request_id,
                 .reason = reason}};
    }

    registrations rows;
    calls known_calls;
    providers by_platform;
    dispatcher post;
    async::task_group background;
};

bool is_platform(std::string_view text) { return is_one_of<2>(text, {"ios", "android"}); }
bool is_call_type(std::string_view text) { return is_one_of<2>(text, {"audio", "video"}); }
bool is_cancel_reason(std::string_view text) {
    return is_one_of<3>(text, {"cancelled", "answered_elsewhere", "timeout"});
}

service::service(boost::asio::any_io_executor executor, options with, db::pool& database, const core::clock& clock)
    : options_(std::move(with)),
      clock_(clock),
      gate_(options_.webhook_secret),
      parts_(std::make_unique<parts>(executor, options_, database, clock)) {}

service::~service() = default;

void service::add_routes(http::router& routes) {
    routes.provide(gate_);
    add_device_routes(routes);
    add_call_routes(routes);
}

void service::add_device_routes(http::router& routes) {
    routes.on("POST", "/api/v1/push/register", *this, &service::register_device,
              {.id = "register_device",
               .summary = "Register a device for calls",
               .description = "Registering a device again replaces what was known of it. A push token belongs to one "
                              "account: registering it under another moves it. An account has at most 20 devices; the "
                              "oldest makes room.",
               .failures = {not_the_callers, auth::token_revoked}});
    routes.on("DELETE", "/api/v1/push/register", *this, &service::deregister_device,
              {.id = "deregister_device", .summary = "Forget a device", .failures = {not_the_callers, not_registered}});
    routes.on("GET", "/api/v1/push/devices", *this, &service::devices,
              {.id = "list_devices",
               .summary = "List your devices",
               .description = "Newest first, each with what came of the last push to it; never with its push token."});
    routes.on("POST", "/api/v1/push/test", *this, &service::test,
              {.id = "test_push",
               .summary = "Send a test push to one of your devices",
               .description = "Answers with what the provider said.",
               .failures = {not_registered},
               .limit = limits::route_class::push_test});
}

void service::add_call_routes(http::router& routes) {
    using enum http::body_type;
    routes.on(
        "POST", "/api/v1/push/call-notify", *this, &service::call_notify,
        {.id = "notify_call",
         .summary = "Wake the devices of a callee",
         .description = "For the SIP server. Answers within two seconds with the number of pushes that a provider "
                        "accepted; `no_registrations` when nobody can be woken. A call that is told again within "
                        "60 seconds does not ring twice. The body is read as JSON whatever its Content-Type.",
         .accepts = any,
         .limit = limits::route_class::unlimited,
         .first = true});
    routes.on("POST", "/api/v1/push/call-cancel", *this, &service::call_cancel,
              {.id = "cancel_call",
               .summary = "Tell the devices that rang that the call is over",
               .description = "For the SIP server. The body is read as JSON whatever its Content-Type.",
               .accepts = any,
               .limit = limits::route_class::unlimited,
               .first = true});
}

void service::measure(metrics::registry& into) {
    parts_->by_platform.measure(into);
    parts_->post.measure(into);
}

void service::start() {
    parts_->by_platform.start();
    parts_->post.start();
    parts_->background.spawn("push pruning", parts_->prune_forever());
}

awaitable<void> service::stop() {
    co_await parts_->background.stop();
    co_await parts_->rows.stop();
    co_await parts_->post.stop();
    co_await parts_->by_platform.stop();
}

awaitable<void> service::reseal(core::secret_pair secret) { return parts_->by_platform.reseal(std::move(secret)); }

awaitable<std::vector<reloaded>> service::reload_keys(options with) {
    return parts_->by_platform.reload_keys(std::move(with));
}

void service::trust(const std::string& ca_file) { parts_->by_platform.trust(ca_file); }

awaitable<status> service::register_device(auth::user who, registration wanted) {
    if (core::bare_jid_of(wanted.jid, options_.xmpp_domain) != who.jid) throw core::api_error(not_the_callers);
    if (!co_await parts_->rows.put(who, std::move(wanted))) throw auth::bad_token(auth::token_revoked);
    co_return status{"registered"};
}

awaitable<status> service::deregister_device(auth::user who, deregistration wanted) {
    if (core::bare_jid_of(wanted.jid, options_.xmpp_domain) != who.jid) throw core::api_error(not_the_callers);
    if (!co_await parts_->rows.remove(who.jid, std::move(wanted.device_id))) throw core::api_error(not_registered);
    co_return status{"deregistered"};
}

awaitable<device_list> service::devices(auth::user who) { co_return device_list{co_await parts_->rows.list(who.jid)}; }

awaitable<test_result> service::test(auth::user who, test_target wanted) {
    auto found = co_await parts_->rows.find(who.jid, std::move(wanted.device_id));
    if (!found) throw core::api_error(not_registered);
    const auto to = std::make_shared<const device>(std::move(*found));
    const auto now = clock_.now();
    message what{.what = message::kind::test,
                 .call_id = core::uuid4(),
                 .caller_name = "Test call",
                 .call_type = "audio",
                 .reason = {},
                 .sent_at = now,
                 .expires_at = now + options_.ring_time.count()};
    const auto seen = co_await parts_->post.test(std::move(what), to);
    co_return test_result{std::string(parts_->by_platform.of(to->platform).name()), std::string(name_of(seen.what)),
                          seen.reason};
}

// Null for what can be nobody's name.
std::optional<std::string> service::callee_jid(const std::string& username) const {
    return core::bare_jid_of(core::to_lower(username) + "@" + options_.xmpp_domain, options_.xmpp_domain);
}

awaitable<sent> service::call_notify(webhook_caller from, call wanted) {
    const auto callee = callee_jid(wanted.callee_username);
    auto story = parts_->tell(message::kind::call, from, wanted.call_id, callee);
    const auto answer = [&](std::string_view result, std::string status, std::int64_t count) {
        story.answered(result, count);
        return sent{std::move(status), count};
    };
    if (!callee) co_return answer("no_registrations", "no_registrations", 0);
    const auto answer_at = story.began_at() + answer_limit;
    auto taken = co_await parts_->take_call(*callee, wanted.call_id, answer_at);
    if (taken.what == claim::state::no_devices) co_return answer("no_registrations", "no_registrations", 0);
    if (taken.what != claim::state::ours) co_return answer("repeated", "sent", taken.sent);
    story.claimed(taken.devices.size());
    core::fault_point("push.claimed");
    const auto now = clock_.now();
    const auto& shown = wanted.caller_display_name.empty() ? wanted.caller_username : wanted.caller_display_name;
    message what{.what = message::kind::call,
                 .call_id = std::move(wanted.call_id),
                 .caller_name = bounded_name(shown),
                 .call_type = std::move(wanted.call_type),
                 .reason = {},
                 .sent_at = now,
                 .expires_at = now + options_.ring_time.count()};
    const auto count = co_await parts_->post.ring(std::move(taken), std::move(what), story.source(), answer_at);
    co_return answer(count > 0 ? "rang" : "not_reached", "sent", count);
}

awaitable<sent> service::call_cancel(webhook_caller from, cancellation wanted) {
    const auto callee = callee_jid(wanted.callee_username);
    auto story = parts_->tell(message::kind::cancel, from, wanted.call_id, callee, wanted.reason);
    const auto answer = [&](std::string_view result, std::int64_t count) {
        story.answered(result, count);
        return sent{"cancelled", count};
    };
    if (!callee) co_return answer("no_registrations", 0);
    const auto answer_at = story.began_at() + answer_limit;
    auto ended = co_await parts_->known_calls.end(*callee, wanted.call_id, wanted.reason);
    if (ended.what == claim::state::no_devices) co_return answer("no_registrations", 0);
    story.claimed(ended.devices.size());
    const auto now = clock_.now();
    message what{.what = message::kind::cancel,
                 .call_id = std::move(wanted.call_id),
                 .caller_name = {},
                 .call_type = {},
                 .reason = std::move(wanted.reason),
                 .sent_at = now,
                 .expires_at = now + options_.ring_time.count()};
    const auto count = co_await parts_->post.cancel(std::move(ended), std::move(what), story.source(), answer_at);
    co_return answer("cancelled", count);
}

}  // namespace veil::push
