#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <veil/async/semaphore.hpp>
#include <veil/core/errors.hpp>

namespace veil::async {
namespace {

// Leaves the queue however the wait ends.
template <class Queue>
class place_in_queue {
 public:
    template <class Executor>
    place_in_queue(Queue& queue, const Executor& executor)
        : queue_(queue), self_(queue.emplace(queue.end(), executor)) {}
    place_in_queue(const place_in_queue&) = delete;
    place_in_queue& operator=(const place_in_queue&) = delete;
    ~place_in_queue() { queue_.erase(self_); }
    auto* operator->() const { return &*self_; }

 private:
    Queue& queue_;
    typename Queue::iterator self_;
};

}  // namespace

semaphore::semaphore(asio::any_io_executor executor, std::size_t places, std::size_t max_waiting)
    : executor_(std::move(executor)), free_(places), max_waiting_(max_waiting) {}

awaitable<semaphore::permit> semaphore::acquire() {
    if (free_ > 0) {
        --free_;
        co_return permit(*this);
    }
    if (queue_.size() >= max_waiting_) throw core::overloaded("too many calls are waiting");
    const place_in_queue self(queue_, executor_);
    boost::system::error_code ec;
    co_await self->wake.async_wait(asio::redirect_error(asio::use_awaitable, ec));
    if (!self->granted) throw boost::system::system_error(asio::error::operation_aborted);
    co_return permit(*this);
}

// The place passes straight to the first waiter that has none yet, so that nobody can overtake it.
void semaphore::release() {
    for (auto& next : queue_) {
        if (next.granted) continue;
        next.granted = true;
        next.wake.cancel();
        return;
    }
    ++free_;
}

}  // namespace veil::async
