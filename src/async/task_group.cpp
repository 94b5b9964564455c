#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <veil/async/task_group.hpp>
#include <veil/log/log.hpp>

namespace veil::async {
namespace {

void report(const std::string& name, const std::exception_ptr& error) {
    if (!error) return;
    try {
        std::rethrow_exception(error);
    } catch (const boost::system::system_error& e) {
        if (e.code() != asio::error::operation_aborted) log::error("task {} ended: {}", name, e.code().message());
    } catch (const std::exception& e) {
        log::error("task {} ended: {}", name, e.what());
    }
}

}  // namespace

task_group::task_group(asio::any_io_executor executor)
    : executor_(std::move(executor)), empty_(executor_, asio::steady_timer::time_point::max()) {}

void task_group::spawn(std::string name, awaitable<void> task) {
    const auto it = running_.emplace(running_.end());
    it->name = std::move(name);
    asio::co_spawn(executor_, std::move(task),
                   asio::bind_cancellation_slot(it->cancel.slot(), [this, it](const std::exception_ptr& error) {
                       report(it->name, error);
                       running_.erase(it);
                       if (running_.empty()) empty_.cancel();
                   }));
}

awaitable<void> task_group::stop() {
    for (auto it = running_.begin(); it != running_.end();) {
        auto& current = *it++;  // a task that ends at once removes itself
        current.cancel.emit(asio::cancellation_type::terminal);
    }
    co_await drained();
}

awaitable<void> task_group::drained() {
    boost::system::error_code ignored;
    while (!running_.empty()) co_await empty_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
}

}  // namespace veil::async
