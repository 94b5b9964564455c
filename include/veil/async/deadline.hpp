// A bound in time for an operation that can be cancelled. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <chrono>
#include <exception>
#include <utility>
#include <veil/core/errors.hpp>

namespace veil::async {

namespace asio = boost::asio;
using asio::awaitable;

// Runs `operation` for at most `limit`; past it the operation is cancelled, awaited, and core::timed_out is thrown.
// Not written with `||`: that reports an operation which throws at once as a time-out.
template <class T>
awaitable<T> with_deadline(std::chrono::milliseconds limit, awaitable<T> operation, const char* what) {
    const auto executor = co_await asio::this_coro::executor;
    asio::steady_timer timer(executor, limit);
    auto group = asio::experimental::make_parallel_group(asio::co_spawn(executor, std::move(operation), asio::deferred),
                                                         timer.async_wait(asio::deferred));
    auto waiting = group.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const auto check = [&](const auto& order, const std::exception_ptr& error,
                           const boost::system::error_code& timer_ec) {
        if (order[0] == 1 && !timer_ec) throw core::timed_out(std::string(what) + " timed out");
        if (error) std::rethrow_exception(error);
    };
    if constexpr (std::is_void_v<T>) {
        const auto [order, error, timer_ec] = co_await std::move(waiting);
        check(order, error, timer_ec);
    } else {
        auto [order, error, value, timer_ec] = co_await std::move(waiting);
        check(order, error, timer_ec);
        co_return std::move(value);
    }
}

}  // namespace veil::async
