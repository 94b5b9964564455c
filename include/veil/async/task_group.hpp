// Owns background coroutines: each is spawned here and nowhere else, and stop() cancels and awaits them all, so that
// nothing is ever detached. I/O thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <string>

namespace veil::async {

namespace asio = boost::asio;
using asio::awaitable;

class task_group {
 public:
    explicit task_group(asio::any_io_executor executor);

    // Starts a task. One that ends by an exception other than cancellation is logged as an error under `name`.
    void spawn(std::string name, awaitable<void> task);

    // Cancels every task and waits until the last one has ended.
    awaitable<void> stop();

    // Waits until no task runs, without cancelling any.
    awaitable<void> drained();

    std::size_t size() const noexcept { return running_.size(); }

 private:
    struct task {
        std::string name;
        asio::cancellation_signal cancel;
    };
    asio::any_io_executor executor_;
    std::list<task> running_;
    asio::steady_timer empty_;  // never expires by itself; cancelled when the last task ends
};

}  // namespace veil::async
