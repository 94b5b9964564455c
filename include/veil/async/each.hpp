// A bounded number of the same thing at once. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <exception>
#include <utility>
#include <vector>

namespace veil::async {

namespace asio = boost::asio;
using asio::awaitable;

// Awaits work(item) for every item, at most `at_once` of them at a time. The first exception ends it: what has begun is
// cancelled and awaited, the rest never begins, and the exception is thrown. `items` and `work` outlive the call.
template <class T, class F>
awaitable<void> for_each(const std::vector<T>& items, std::size_t at_once, F work) {
    const auto executor = co_await asio::this_coro::executor;
    std::size_t next = 0;
    const auto take_turns = [&]() -> awaitable<void> {
        while (next < items.size()) co_await work(items[next++]);
    };
    using turn = decltype(asio::co_spawn(executor, take_turns(), asio::deferred));
    std::vector<turn> turns;
    for (std::size_t i = 0; i < at_once && i < items.size(); ++i)
        turns.push_back(asio::co_spawn(executor, take_turns(), asio::deferred));
    if (turns.empty()) co_return;
    const auto [order, errors] = co_await asio::experimental::make_parallel_group(std::move(turns))
                                     .async_wait(asio::experimental::wait_for_one_error(), asio::use_awaitable);
    for (const auto index : order)
        if (errors[index]) std::rethrow_exception(errors[index]);
}

}  // namespace veil::async
