#include <sys/socket.h>

#include <algorithm>
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
constexpr std::chrono::milliseconds accept_pause{100};  // for connections to end
constexpr std::chrono::seconds complaint_interval{10};

constexpr metrics::family open_connections{"veil_http_connections", "Connections that are open."};
constexpr metrics::family connections_total{"veil_http_connections_total", "Connections accepted."};
constexpr metrics::family connections_closed_total{"veil_http_connections_closed_total",
                                                   "Connections closed to make room for others."};
constexpr metrics::family accept_failures_total{
    "veil_http_accept_failures_total", "Connections that could not be accepted, most likely for want of files."};

awaitable<void> serve(server& owner, asio::ip::tcp::socket socket) {
    session connection(owner, std::move(socket));
    co_await connection.run();
}

void share_port(asio::ip::tcp::acceptor& acceptor) {
    const int on = 1;
    if (::setsockopt(acceptor.native_handle(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0)
        throw boost::system::system_error(errno, boost::system::system_category());
}

}  // namespace

server::server(asio::any_io_executor executor, router& routes, server_options with)
    : executor_(std::move(executor)),
      router_(routes),
      with_(with),
      acceptor_(executor_),
      one_less_(executor_),
      sessions_(executor_),
      tasks_(executor_) {}

server::~server() = default;

asio::ip::tcp::endpoint server::listen(const std::string& host, std::uint16_t port) {
    try {
        const asio::ip::tcp::endpoint endpoint(asio::ip::make_address(host), port);
        acceptor_.open(endpoint.protocol());
        acceptor_.set_option(asio::ip::tcp::acceptor::reuse_address(true));
        if (with_.share_port) share_port(acceptor_);
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

void server::measure(metrics::registry& into, std::string_view listener) {
    const metrics::labels of{{"listener", listener}};
    into.on_scrape([this, open = into.make_gauge(open_connections, of),
                    accepted = into.make_counter(connections_total, of),
                    closed = into.make_counter(connections_closed_total, of),
                    failed = into.make_counter(accept_failures_total, of)]() mutable {
        open.set(static_cast<double>(open_.size()));
        accepted.raise_to(static_cast<double>(accepted_));
        closed.raise_to(static_cast<double>(made_room_));
        failed.raise_to(static_cast<double>(not_accepted_));
    });
}

awaitable<void> server::accept_connections() {
    while (true) {
        boost::system::error_code ec;
        auto socket = co_await acceptor_.async_accept(asio::redirect_error(asio::use_awaitable, ec));
        if (ec == asio::error::operation_aborted) co_return;
        if (ec) {
            co_await accept_failed(ec);
            continue;
        }
        ++accepted_;
        while (open_.size() >= with_.max_connections && !stopping_) {
            make_room();
            co_await one_less_.wait(std::chrono::steady_clock::now() + accept_pause);
        }
        sessions_.spawn("session", serve(*this, std::move(socket)));
    }
}

// Most likely there are no descriptors left. What waits in the kernel's queue is not lost.
awaitable<void> server::accept_failed(const boost::system::error_code& why) {
    if (why == asio::error::connection_aborted) co_return;
    ++not_accepted_;
    make_room();
    const auto now = std::chrono::steady_clock::now();
    if (now >= complain_at_) {
        complain_at_ = now + complaint_interval;
        log::warn("connections cannot be accepted: {}; {} are open", why.message(), open_.size());
    }
    co_await async::pause(accept_pause);
}

// Closes the connection that has been idle longest or, when none is idle, the oldest one whose request is not there
// yet, or whose client does not take its answer.
void server::make_room() {
    const auto stuck = [now = std::chrono::steady_clock::now()](const session* each) { return each->is_stuck(now); };
    auto victim = std::ranges::find_if(open_, &session::is_idle);
    if (victim == open_.end()) victim = std::ranges::find_if(open_, &session::is_reading);
    if (victim == open_.end()) victim = std::ranges::find_if(open_, stuck);
    if (victim == open_.end()) return;
    ++made_room_;
    (*victim)->end();
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
    for (session* open : open_)
        if (open->is_idle()) open->end();
    const auto until = std::chrono::steady_clock::now() + grace;
    while (sessions_.size() > 0 && std::chrono::steady_clock::now() < until)
        co_await async::pause(std::chrono::milliseconds(20));
    if (sessions_.size() > 0) log::warn("closing {} connections that did not end in time", sessions_.size());
    co_await sessions_.stop();
    co_await tasks_.stop();
}

}  // namespace veil::http
