// Bounds how many coroutines do a thing at once, and how many may wait for it; first come, first served. I/O thread
// only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <list>
#include <utility>

namespace veil::async {

namespace asio = boost::asio;
using asio::awaitable;

class semaphore {
 public:
    // A place held; given back when it goes.
    class permit {
     public:
        permit(permit&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)) {}
        permit(const permit&) = delete;
        permit& operator=(permit&&) = delete;
        ~permit() {
            if (owner_ != nullptr) owner_->release();
        }

     private:
        friend semaphore;
        explicit permit(semaphore& owner) : owner_(&owner) {}
        semaphore* owner_;
    };

    semaphore(asio::any_io_executor executor, std::size_t places, std::size_t max_waiting);

    // Waits for a place; throws core::overloaded at once when the queue is full.
    awaitable<permit> acquire();

 private:
    struct waiter {
        explicit waiter(const asio::any_io_executor& executor)
            : wake(executor, asio::steady_timer::time_point::max()) {}
        asio::steady_timer wake;
        bool granted = false;
    };
    void release();

    asio::any_io_executor executor_;
    std::size_t free_;
    std::size_t max_waiting_;
    std::list<waiter> queue_;
};

}  // namespace veil::async
