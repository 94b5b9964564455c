#include "dispatcher.hpp"

#include <algorithm>
#include <veil/async/deadline.hpp>
#include <veil/async/jitter.hpp>
#include <veil/core/fault_point.hpp>
#include <veil/core/uuid.hpp>
#include <veil/log/log.hpp>

#include "answer.hpp"

namespace veil::push {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds first_pause{200}, last_pause{4'000};
constexpr int max_attempts = 12;
constexpr auto test_limit = 10s;
constexpr auto stop_grace = 3s;

std::int64_t wall_milliseconds() {
    return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

milliseconds pause_before(int next_attempt, const outcome& seen) {
    const auto doubled = first_pause * (1 << std::min(next_attempt - 2, 10));
    return std::max(seen.not_before, async::jittered(std::min<milliseconds>(doubled, last_pause)));
}

}  // namespace

struct dispatcher::errand {
    errand(const boost::asio::any_io_executor& executor, std::int64_t of_call, message m, steady_clock::time_point u)
        : call(of_call), what(std::move(m)), until(u), changed(executor) {}
    errand(const errand&) = delete;
    errand& operator=(const errand&) = delete;
    ~errand() {
        if (listed_in != nullptr) listed_in->erase(call);
    }

    std::int64_t call;
    message what;
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

void dispatcher::start() { recorder_.start(); }

awaitable<void> dispatcher::stop() {
    try {
        co_await async::with_deadline(stop_grace, deliveries_.drained(), "pushes on their way");
    } catch (const core::timed_out&) {
        log::warn("{} pushes are given up", deliveries_.size());
    }
    co_await deliveries_.stop();
    co_await recorder_.stop();
}

awaitable<std::int64_t> dispatcher::ring(claim taken, message what, time_point answer_at) {
    auto self = std::make_shared<errand>(executor_, taken.call, std::move(what), steady_clock::now() + ring_time_);
    ringing_[taken.call] = self.get();
    self->listed_in = &ringing_;
    const auto sent = taken.sent + co_await carry(self, std::move(taken.devices), answer_at);
    if (sent == 0) {
        self->over = true;
        self->changed.notify();
    }
    recorder_.answered(taken.call, sent);
    co_return sent;
}

awaitable<std::int64_t> dispatcher::cancel(claim ended, message what, time_point answer_at) {
    if (const auto it = ringing_.find(ended.call); it != ringing_.end()) {
        it->second->over = true;
        it->second->changed.notify();
    }
    auto self = std::make_shared<errand>(executor_, ended.call, std::move(what), steady_clock::now() + ring_time_);
    co_return co_await carry(std::move(self), std::move(ended.devices), answer_at);
}

awaitable<std::int64_t> dispatcher::carry(errand_ptr what, std::vector<device> devices, time_point answer_at) {
    what->pending = devices.size();
    for (auto& each : devices) deliveries_.spawn("push", deliver(what, std::move(each)));
    while (what->pending > 0 && steady_clock::now() < answer_at) co_await what->changed.wait(answer_at);
    co_return what->accepted;
}

awaitable<void> dispatcher::deliver(errand_ptr what, device to) {
    bool in_doubt = false;
    for (int number = 1;; ++number) {
        record note{
            .call = what->call, .kind = what->what.what, .call_id = what->what.call_id, .to = to, .attempt = number};
        const auto seen = co_await attempt_once(*what, to, note);
        in_doubt = in_doubt || seen.in_doubt;
        if (seen.what == result::accepted) {
            ++what->accepted;
            write_down(std::move(note), device_state::rung);
            break;
        }
        const auto retry_at = steady_clock::now() + pause_before(number + 1, seen);
        const auto end = in_doubt ? device_state::rung : device_state::failed;
        if (!seen.retry || number == max_attempts || retry_at >= what->until || what->over) {
            write_down(std::move(note), end);
            break;
        }
        write_down(note, device_state::unchanged);
        if (co_await still_wanted_at(retry_at, *what, to)) continue;
        note.seen = {.what = result::cancelled};
        note.milliseconds = 0;
        write_down(std::move(note), end);
        break;
    }
    --what->pending;
    what->changed.notify();
}

// True: another attempt is wanted, to the device as it is registered then.
awaitable<bool> dispatcher::still_wanted_at(steady_clock::time_point at, errand& what, device& to) {
    while (!what.over && steady_clock::now() < at) co_await what.changed.wait(at);
    if (what.over) co_return false;
    auto current = co_await look_again(what, to);
    if (current) to = std::move(*current);
    co_return current.has_value();
}

// The call may have ended in another process, and the device may have been registered anew or not at all any more.
awaitable<std::optional<device>> dispatcher::look_again(errand& what, const device& to) {
    if (what.what.what != message::kind::call) co_return to;
    try {
        co_return co_await calls_.still_wanted(what.call, to.device_id);
    } catch (const core::unavailable&) {  // nobody knows; then the call is worth more
    }
    co_return to;
}

awaitable<outcome> dispatcher::attempt_once(errand& what, const device& to, record& note) {
    const auto begin = steady_clock::now();
    auto* const chosen = providers_.of(to.platform);
    note.provider = providers_.name_for(to.platform);
    note.push_id = core::uuid4();
    note.at = wall_milliseconds();
    std::exception_ptr failure;
    if (chosen == nullptr) {
        note.seen = {.what = result::not_configured, .reason = providers_.off_reason(to.platform)};
    } else {
        try {
            note.seen = co_await chosen->send({what.what, to, note.push_id, what.until});
        } catch (...) {
            failure = std::current_exception();
        }
    }
    if (failure) note.seen = from_failure(failure);
    core::fault_point("push.sent");
    note.milliseconds = std::chrono::duration_cast<milliseconds>(steady_clock::now() - begin).count();
    co_return note.seen;
}

void dispatcher::write_down(record note, device_state state) {
    note.state = note.kind == message::kind::call ? state : device_state::unchanged;
    log::event(log::level::info, "push",
               {{"call_id", note.call_id},
                {"push_id", note.push_id},
                {"kind", name_of(note.kind)},
                {"provider", note.provider},
                {"attempt", std::int64_t{note.attempt}},
                {"outcome", name_of(note.seen.what)},
                {"reason", note.seen.reason},
                {"ms", note.milliseconds}});
    recorder_.add(std::move(note));
}

awaitable<outcome> dispatcher::test(message what, device to) {
    errand self(executor_, 0, std::move(what),
                steady_clock::now() + std::min<std::chrono::seconds>(ring_time_, test_limit));
    record note{.kind = message::kind::test, .call_id = self.what.call_id, .to = to};
    auto seen = co_await attempt_once(self, to, note);
    write_down(std::move(note), device_state::unchanged);
    co_return seen;
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
                                         steady_clock::now() + ring_time_);
    self->pending = 1;
    deliveries_.spawn("push", deliver(self, rang.to));
}

}  // namespace veil::push
