// Carries one message to many devices: all at once, each with its own attempts inside the ring time. Owned by the push
// service; I/O thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <map>
#include <memory>
#include <vector>
#include <veil/async/signal.hpp>
#include <veil/async/task_group.hpp>
#include <veil/core/clock.hpp>

#include "calls.hpp"
#include "meters.hpp"
#include "providers.hpp"
#include "recorder.hpp"

namespace veil::push {

// The webhook request that a message comes from.
struct origin {
    std::string request_id;
    std::chrono::steady_clock::time_point at{};
};

class dispatcher {
 public:
    using time_point = std::chrono::steady_clock::time_point;

    dispatcher(boost::asio::any_io_executor executor, providers& by_platform, calls& known_calls, db::pool& database,
               const core::clock& clock, std::chrono::seconds ring_time);

    // Counts pushes from now on.
    void measure(metrics::registry& into);

    // What webhooks use to tell their story.
    recorder& records() noexcept { return recorder_; }
    meters& counts() noexcept { return meters_; }

    void start();

    // Gives pushes on their way two seconds, writes down what came of them, and ends the rest.
    awaitable<void> stop();

    // Rings the devices of a call; returns how many pushes were accepted, at the latest at `answer_at`. When that
    // is none the call is over for the caller, so nobody is to ring for it any more.
    awaitable<std::int64_t> ring(claim taken, message what, origin from, time_point answer_at);

    // Tells devices that rang that the call is over; returns how many pushes were accepted, as ring() does. Attempts to
    // ring for it that are still going on in this process stop at once.
    awaitable<std::int64_t> cancel(claim ended, message what, origin from, time_point answer_at);

    // One attempt, outside of any call.
    awaitable<outcome> test(message what, device_ptr to);

 private:
    struct errand;  // a message on its way to its devices
    using errand_ptr = std::shared_ptr<errand>;

    awaitable<void> drain(time_point until);
    errand_ptr carry(claim& of, message what, origin from);
    awaitable<std::int64_t> ring_until(errand_ptr self, std::int64_t rung_before, time_point answer_at);
    awaitable<void> deliver(errand_ptr what, device_ptr to);
    void begin(record& note);
    static void end(record& note);
    awaitable<bool> still_wanted_at(time_point at, errand& what, device_ptr& to);
    awaitable<device_ptr> look_again(errand& what, device_ptr to);
    void write_down(const record& note, device_state state);
    void follow_up(const record& rang, std::string reason);

    boost::asio::any_io_executor executor_;
    providers& providers_;
    calls& calls_;
    const core::clock& clock_;
    std::chrono::seconds ring_time_;
    std::map<std::int64_t, errand*> ringing_;  // by call; entries go with their errand
    meters meters_;
    recorder recorder_;
    async::task_group deliveries_;
};

}  // namespace veil::push
