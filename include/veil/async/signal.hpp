// Wakes coroutines that wait for something to change; they look for themselves what it was. I/O thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <list>
#include <veil/async/pause.hpp>

namespace veil::async {

class signal {
 public:
    using time_point = std::chrono::steady_clock::time_point;

    explicit signal(boost::asio::any_io_executor executor) : executor_(std::move(executor)) {}
    signal(const signal&) = delete;
    signal& operator=(const signal&) = delete;

    // Wakes everyone who waits now.
    void notify();

    // Returns at notify() or at `until`, whichever is first. Throws when the coroutine is cancelled.
    boost::asio::awaitable<void> wait(time_point until = time_point::max());

 private:
    boost::asio::any_io_executor executor_;
    std::list<boost::asio::steady_timer*> waiting_;
};

}  // namespace veil::async
