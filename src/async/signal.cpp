#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <veil/async/signal.hpp>

namespace veil::async {
namespace {

// In the list as long as it lives.
class listed {
 public:
    listed(std::list<boost::asio::steady_timer*>& list, boost::asio::steady_timer& self)
        : list_(list), at_(list.insert(list.end(), &self)) {}
    listed(const listed&) = delete;
    listed& operator=(const listed&) = delete;
    ~listed() { list_.erase(at_); }

 private:
    std::list<boost::asio::steady_timer*>& list_;
    std::list<boost::asio::steady_timer*>::iterator at_;
};

}  // namespace

void signal::notify() {
    for (auto* const each : waiting_) each->cancel();
}

boost::asio::awaitable<void> signal::wait(time_point until) {
    boost::asio::steady_timer timer(executor_, until);
    const listed self(waiting_, timer);
    boost::system::error_code ignored;
    co_await timer.async_wait(boost::asio::redirect_error(boost::asio::use_awaitable, ignored));
    const auto state = co_await boost::asio::this_coro::cancellation_state;
    if (state.cancelled() != boost::asio::cancellation_type::none)
        throw boost::system::system_error(boost::asio::error::operation_aborted);
}

}  // namespace veil::async
