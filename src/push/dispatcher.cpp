#include "dispatcher.hpp"

#include <algorithm>
#include <veil/async/deadline.hpp>
#include <veil/async/jitter.hpp>
#include <veil/core/fault_point.hpp>
#include <veil/core/uuid.hpp>
#include <veil/log/log.hpp>

#include "printable.hpp"

namespace veil::push {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds first_pause{200}, last_pause{4'000};
constexpr int max_attempts = 12;
constexpr auto test_limit = 10s;
constexpr auto stop_grace = 2s;

constexpr metrics::family unwritten{"veil_push_results_waiting",
                                    "Results of pushes and webhooks not yet written down."};

std::int64_t wall_milliseconds() {
    return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

milliseconds pause_before(int next_attempt, const outcome& seen) {
    const auto doubled = first_pause * (1 << std::min(next_attempt - 2, 10));
    return std::max(seen.not_before, async::jittered(std::min<milliseconds>(doubled, last_pause)));
}

}  // namespace

struct dispatcher::errand {
    errand(const boost::asio::any_io_executor& executor, std::int64_t of_call, message m, origin o,
           steady_clock::time_point u)
        : call(of_call), what(std::move(m)), from(std::move(o)), until(u), changed(executor) {}
    errand(const errand&) = delete;
    errand& operator=(const errand&) = delete;
    ~errand() {
        if (listed_in == nullptr) return;
        const auto it = listed_in->find(call);
        if (it != listed_in->end() && it->second == this) listed_in->erase(it);
    }

    std::int64_t call;
    message what;
    origin from;
    steady_clock::time_point until;
    bool over = false;  // nobody is to ring any more
    std::size_t pending = 0;
    std::int64_t accepted = 0;
    async::signal changed;  // a delivery ended, or the errand is over
    std::map<std::int64_t, errand*>* listed_in = nullptr;
};

dispatcher::dispatcher(boost::asio::any_io_executor executor, providers& by_platform, calls& known_calls,
                       db::pool& database, const core::clock& clock, std::chrono::seconds ring_time)
    : executor_(executor),
      providers_(by_platform),
      calls_(known_calls),
      clock_(clock),
      ring_time_(ring_time),
      recorder_(executor, database,
                [this](const record& rang, std::string reason) { follow_up(rang, std::move(reason)); }),
      deliveries_(executor) {}

void dispatcher::measure(metrics::registry& into) {
    meters_.measure(into);
    into.on_scrape([this, waiting = into.make_gauge(unwritten)]() mutable {
        waiting.set(static_cast<double>(recorder_.waiting()));
    });
}

void dispatcher::start() { recorder_.start(); }

// The last results may show that a device has to be told that its call is over: that is sent in the same time.
awaitable<void> dispatcher::stop() {
    const auto until = steady_clock::now() + stop_grace;
    do {
        co_await drain(until);
        co_await deliveries_.stop();
        co_await recorder_.stop();
    } while (deliveries_.size() > 0);
}

awaitable<void> dispatcher::drain(time_point until) {
    try {
        const auto left = std::chrono::ceil<milliseconds>(until - steady_clock::now());
        co_await async::with_deadline(left, deliveries_.drained(), "pushes on their way");
    } catch (const core::timed_out&) {
        log::warn("{} pushes are given up", deliveries_.size());
    }
}

awaitable<std::int64_t> dispatcher::ring(claim taken, message what, origin from, time_point answer_at) {
    auto self = carry(taken, std::move(what), std::move(from));
    ringing_[taken.call] = self.get();
    self->listed_in = &ringing_;
    return ring_until(std::move(self), taken.sent, answer_at);
}

awaitable<std::int64_t> dispatcher::ring_until(errand_ptr self, std::int64_t rung_before, time_point answer_at) {
    while (self->pending > 0 && steady_clock::now() < answer_at) co_await self->changed.wait(answer_at);
    const auto sent = rung_before + self->accepted;
    if (sent == 0) {
        self->over = true;
        self->changed.notify();
    }
    recorder_.answered(self->call, sent);
    co_return sent;
}

awaitable<std::int64_t> dispatcher::cancel(claim ended, message what, origin from, time_point answer_at) {
    if (const auto it = ringing_.find(ended.call); it != ringing_.end()) {
        it->second->over = true;
        it->second->changed.notify();
    }
    const auto self = carry(ended, std::move(what), std::move(from));
    while (self->pending > 0 && steady_clock::now() < answer_at) co_await self->changed.wait(answer_at);
    co_return self->accepted;
}

// Sends a message on its way to the devices of a claim.
dispatcher::errand_ptr dispatcher::carry(claim& of, message what, origin from) {
    auto self = std::make_shared<errand>(executor_, of.call, std::move(what), std::move(from),
                                         steady_clock::now() + ring_time_);
    self->pending = of.devices.size();
    for (auto& each : of.devices)
        deliveries_.spawn("push", deliver(self, std::make_shared<const device>(std::move(each))));
    return self;
}

awaitable<void> dispatcher::deliver(errand_ptr what, device_ptr to) {
    record note{.call = what->call,
                .kind = what->what.what,
                .call_id = what->what.call_id,
                .request_id = what->from.request_id,
                .to = std::move(to)};
    bool in_doubt = false;
    while (true) {
        time_point on_wire{};
        begin(note);
        note.seen =
            co_await providers_.of(note.to->platform).send({what->what, *note.to, note.push_id, what->until, &on_wire});
        end(note);
        if (note.kind == message::kind::call && note.attempt == 1 && on_wire != time_point{})
            meters_.on_the_wire(on_wire - what->from.at);
        in_doubt = in_doubt || note.seen.in_doubt;
        const bool accepted = note.seen.what == result::accepted;
        const auto retry_at = steady_clock::now() + pause_before(note.attempt + 1, note.seen);
        const bool hopeless = !note.seen.retry || note.attempt == max_attempts || retry_at >= what->until || what->over;
        const auto at_last = accepted || in_doubt ? device_state::rung : device_state::failed;
        what->accepted += accepted ? 1 : 0;
        write_down(note, hopeless ? at_last : device_state::unchanged);
        if (hopeless) break;
        if (!co_await still_wanted_at(retry_at, *what, note.to)) {
            note.seen = {.what = result::cancelled};
            note.milliseconds = 0;
            write_down(note, at_last);
            break;
        }
        ++note.attempt;
    }
    --what->pending;
    what->changed.notify();
}

// True: another attempt is wanted, to the device as it is registered then.
awaitable<bool> dispatcher::still_wanted_at(time_point at, errand& what, device_ptr& to) {
    while (!what.over && steady_clock::now() < at) co_await what.changed.wait(at);
    if (what.over) co_return false;
    auto found = co_await look_again(what, to);
    if (!found || what.over || steady_clock::now() >= what.until) co_return false;
    to = std::move(found);
    co_return true;
}

// The call may have ended in another process, and the device may have been registered anew or not at all any more.
awaitable<device_ptr> dispatcher::look_again(errand& what, device_ptr to) {
    if (what.what.what != message::kind::call) co_return to;
    try {
        auto found = co_await calls_.still_wanted(what.call, to->device_id);
        co_return found ? std::make_shared<const device>(std::move(*found)) : nullptr;
    } catch (const core::unavailable&) {  // nobody knows; then the call is worth more
    }
    co_return to;
}

void dispatcher::begin(record& note) {
    note.provider = providers_.of(note.to->platform).name();
    note.push_id = core::uuid4();
    note.at = wall_milliseconds();
}

void dispatcher::end(record& note) {
    core::fault_point("push.sent");
    note.milliseconds = std::max<std::int64_t>(wall_milliseconds() - note.at, 0);
}

void dispatcher::write_down(const record& note, device_state state) {
    meters_.attempted(note.provider, note.kind, note.seen, note.milliseconds);
    log::event(log::level::info, "push",
               {{"call_id", printable(note.call_id)},
                {"request_id", note.request_id},
                {"push_id", note.push_id},
                {"kind", name_of(note.kind)},
                {"provider", note.provider},
                {"attempt", std::int64_t{note.attempt}},
                {"outcome", name_of(note.seen.what)},
                {"reason", note.seen.reason},
                {"ms", note.milliseconds}});
    auto copy = note;
    copy.state = note.kind == message::kind::call ? state : device_state::unchanged;
    recorder_.add(std::move(copy));
}

awaitable<outcome> dispatcher::test(message what, device_ptr to) {
    errand self(executor_, 0, std::move(what), {},
                steady_clock::now() + std::min<std::chrono::seconds>(ring_time_, test_limit));
    record note{.kind = message::kind::test, .call_id = self.what.call_id, .to = std::move(to)};
    begin(note);
    note.seen = co_await providers_.of(note.to->platform).send({self.what, *note.to, note.push_id, self.until});
    end(note);
    write_down(note, device_state::unchanged);
    co_return note.seen;
}

void dispatcher::follow_up(const record& rang, std::string reason) {
    const auto now = clock_.now();
    auto self = std::make_shared<errand>(executor_, rang.call,
                                         message{.what = message::kind::cancel,
                                                 .call_id = rang.call_id,
                                                 .caller_name = {},
                                                 .call_type = {},
                                                 .reason = std::move(reason),
                                                 .sent_at = now,
                                                 .expires_at = now + ring_time_.count()},
                                         origin{.request_id = rang.request_id}, steady_clock::now() + ring_time_);
    self->pending = 1;
    deliveries_.spawn("push", deliver(self, rang.to));
}

}  // namespace veil::push
