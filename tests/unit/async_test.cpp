// Deadlines, task groups and semaphores: what ends, when, and what is left behind.
#include <gtest/gtest.h>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <support/run.hpp>
#include <veil/async/deadline.hpp>
#include <veil/async/each.hpp>
#include <veil/async/pause.hpp>
#include <veil/async/semaphore.hpp>
#include <veil/async/signal.hpp>
#include <veil/async/task_group.hpp>

namespace veil::async {
namespace {

using namespace std::chrono_literals;

awaitable<std::string> word_after(std::chrono::milliseconds time) {
    co_await pause(time);
    co_return "word";
}

awaitable<std::string> fails_at_once() {
    throw std::runtime_error("at once");
    co_return "";
}

TEST(deadline, gives_the_result_of_what_is_in_time) {
    EXPECT_EQ(test::run(with_deadline(10s, word_after(1ms), "test")), "word");
}

TEST(deadline, ends_what_takes_too_long) {
    EXPECT_THROW(test::run(with_deadline(1ms, word_after(10s), "test")), core::timed_out);
}

TEST(deadline, a_failure_is_a_failure_and_no_time_out) {
    try {
        test::run(with_deadline(10s, fails_at_once(), "test"));
        FAIL();
    } catch (const core::unavailable&) {
        FAIL() << "reported as a time-out";
    } catch (const std::runtime_error& error) {
        EXPECT_STREQ(error.what(), "at once");
    }
}

TEST(task_group, stop_cancels_and_awaits_every_task) {
    asio::io_context io;
    task_group group(io.get_executor());
    int ended = 0;
    struct guard {
        int& ended;
        ~guard() { ++ended; }
    };
    const auto task = [&]() -> awaitable<void> {
        const guard at_end{ended};
        co_await pause(1h);
    };
    test::run(io, [&]() -> awaitable<void> {
        for (int i = 0; i < 3; ++i) group.spawn("test", task());
        co_await pause(1ms);
        EXPECT_EQ(group.size(), 3U);
        co_await group.stop();
        EXPECT_EQ(ended, 3);
        EXPECT_EQ(group.size(), 0U);
    }());
}

TEST(semaphore, bounds_places_and_waiters_in_order) {
    asio::io_context io;
    task_group group(io.get_executor());
    semaphore places(io.get_executor(), 1, 2);
    std::vector<int> order;
    const auto task = [&](int id) -> awaitable<void> {
        const auto permit = co_await places.acquire();
        order.push_back(id);
        co_await pause(1ms);
    };
    test::run(io, [&]() -> awaitable<void> {
        for (int id = 0; id < 3; ++id) group.spawn("test", task(id));
        co_await asio::post(asio::use_awaitable);
        EXPECT_THROW(co_await places.acquire(), core::overloaded);
        while (group.size() > 0) co_await pause(1ms);
        const auto again = co_await places.acquire();
    }());
    EXPECT_EQ(order, (std::vector<int>{0, 1, 2}));
}

TEST(semaphore, a_cancelled_waiter_loses_no_place) {
    asio::io_context io;
    semaphore places(io.get_executor(), 1, 2);
    test::run(io, [&]() -> awaitable<void> {
        {
            const auto held = co_await places.acquire();
            const auto waiting = [&]() -> awaitable<void> { const auto permit = co_await places.acquire(); };
            EXPECT_THROW(co_await with_deadline(1ms, waiting(), "test"), core::timed_out);
        }
        const auto again = co_await places.acquire();
    }());
}

awaitable<void> count_wake(signal& given, std::chrono::steady_clock::time_point until, int& woken) {
    co_await given.wait(until);
    ++woken;
}

awaitable<int> wake_three() {
    const auto executor = co_await asio::this_coro::executor;
    signal given(executor);
    task_group waiting(executor);
    int woken = 0;
    for (int i = 0; i < 3; ++i) waiting.spawn("wait", count_wake(given, signal::time_point::max(), woken));
    co_await pause(1ms);
    EXPECT_EQ(woken, 0);
    given.notify();
    co_await waiting.drained();
    given.notify();  // nobody waits: nothing happens, and nothing is kept for later
    waiting.spawn("wait", count_wake(given, std::chrono::steady_clock::now() + 10ms, woken));
    co_await waiting.drained();
    waiting.spawn("wait", count_wake(given, signal::time_point::max(), woken));
    co_await waiting.stop();
    co_return woken;
}

TEST(for_each, does_everything_but_never_more_than_allowed_at_once) {
    asio::io_context io;
    const std::vector<int> items{1, 2, 3, 4, 5, 6, 7};
    int running = 0, most = 0, sum = 0;
    const auto work = [&](int item) -> awaitable<void> {
        most = std::max(most, ++running);
        co_await pause(1ms);
        --running;
        sum += item;
    };
    test::run(io, for_each(items, 3, work));
    EXPECT_EQ(sum, 28);
    EXPECT_EQ(most, 3);
    test::run(io, for_each(std::vector<int>{}, 3, work));
    EXPECT_EQ(sum, 28);
}

TEST(for_each, ends_with_the_first_failure) {
    asio::io_context io;
    const std::vector<int> items{1, 2, 3, 4, 5};
    int begun = 0, ended = 0;
    const auto work = [&](int item) -> awaitable<void> {
        ++begun;
        if (item == 2) throw core::refused("two");
        co_await pause(10s);
        ++ended;
    };
    EXPECT_THROW(test::run(io, for_each(items, 2, work)), core::refused);
    EXPECT_EQ(begun, 2);
    EXPECT_EQ(ended, 0);
}

TEST(signal, wakes_everyone_who_waits_now_and_ends_in_time_for_the_rest) { EXPECT_EQ(test::run(wake_three()), 4); }

}  // namespace
}  // namespace veil::async
