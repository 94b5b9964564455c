#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <veil/async/pause.hpp>
#include <veil/http/server.hpp>
#include <veil/log/log.hpp>

#include "session.hpp"

namespace veil::http {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::milliseconds watch_interval{250};
constexpr int accept_backlog = 1024;

awaitable<void> serve(server& owner, asio::ip::tcp::socket socket) {
    session connection(owner, std::move(socket));
    co_await connection.run();
}

}  // namespace

server::server(asio::any_io_executor executor, router& routes, time_limits limits)
    : executor_(std::move(executor)),
      router_(routes),
      limits_(limits),
      acceptor_(executor_),
      sessions_(executor_),
      tasks_(executor_) {}

server::~server() = default;

asio::ip::tcp::endpoint server::listen(const std::string& host, std::uint16_t port) {
    try {
        const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(host), port);
        acceptor_.open(endpoint.protocol());
        acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address(true));
        acceptor_.bind(endpoint);
        acceptor_.listen(accept_backlog);
    } catch (const boost::system::system_error& error) {
        throw std::runtime_error("cannot listen on " + host + ":" + std::to_string(port) + ": " +
                                 error.code().message());
    }
    tasks_.spawn("accept", accept_connections());
    tasks_.spawn("watch deadlines", watch_deadlines());
    return acceptor_.local_endpoint();
}

awaitable<void> server::accept_connections() {
    while (true) {
        boost::system::error_code ec;
        auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, ec));
        if (!ec) {
            sessions_.spawn("session", serve(*this, std::move(socket)));
        } else if (ec == asio::error::operation_aborted) {
            co_return;
        } else if (ec != asio::error::connection_aborted) {  // out of descriptors: let some connections end first
            log::warn("accept failed: {}", ec.message());
            co_await async::pause(std::chrono::milliseconds(100));
        }
    }
}

awaitable<void> server::watch_deadlines() {
    while (true) {
        co_await async::pause(watch_interval);
        const auto now = std::chrono::steady_clock::now();
        for (session* open : open_) open->check_deadline(now);
    }
}

awaitable<void> server::stop(std::chrono::milliseconds grace) {
    stopping_ = true;
    boost::system::error_code ignored;
    acceptor_.close(ignored);
    for (session* open : open_) open->end_if_idle();
    const auto until = std::chrono::steady_clock::now() + grace;
    while (sessions_.size() > 0 && std::chrono::steady_clock::now() < until)
        co_await async::pause(std::chrono::milliseconds(20));
    if (sessions_.size() > 0) log::warn("closing {} connections that did not end in time", sessions_.size());
    co_await sessions_.stop();
    co_await tasks_.stop();
}

}  // namespace veil::http
