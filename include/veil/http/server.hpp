// The HTTP server: accepts connections, times them out, and stops them in two stages. Owned by the application; I/O
// thread only.
#pragma once

#include <array>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <cstdint>
#include <list>
#include <string>
#include <veil/async/signal.hpp>
#include <veil/async/task_group.hpp>
#include <veil/http/router.hpp>

namespace veil::http {

class session;

struct time_limits {
    std::chrono::milliseconds idle{75'000};   // between requests of a connection
    std::chrono::milliseconds head{10'000};   // from a request's first byte, or from the accept, to the end of its head
    std::chrono::milliseconds body{20'000};   // from there to the end of its body
    std::chrono::milliseconds write{20'000};  // for one answer
};

struct server_options {
    time_limits limits = {};
    std::size_t max_connections = 20'000;
    bool share_port = false;  // other processes of the same user may listen on the same port (SO_REUSEPORT)
};

class server {
 public:
    server(boost::asio::any_io_executor executor, router& routes, server_options with = {});
    ~server();

    // Binds, listens and starts accepting; returns the endpoint in use. Throws runtime_error when that fails.
    boost::asio::ip::tcp::endpoint listen(const std::string& host, std::uint16_t port);

    // Stops accepting and closes idle connections; running requests get `grace` to be answered (with Connection:
    // close), then their connections are cancelled.
    awaitable<void> stop(std::chrono::milliseconds grace);

    std::size_t connections() const noexcept { return open_.size(); }
    std::uint64_t accepted() const noexcept { return accepted_; }    // since the start
    std::uint64_t made_room() const noexcept { return made_room_; }  // connections closed to make room for others

    // Counts connections from now on, as those of `listener`, a literal.
    void measure(metrics::registry& into, std::string_view listener);

 private:
    friend session;
    awaitable<void> accept_connections();
    awaitable<void> accept_failed(const boost::system::error_code& why);
    awaitable<void> watch_deadlines();
    void make_room();

    boost::asio::any_io_executor executor_;
    router& router_;
    server_options with_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::list<session*> open_;             // each session adds and removes itself; who has been silent longest is first
    async::signal one_less_;               // a connection has ended
    std::array<char, 8 * 1024> received_;  // by whichever session reads just now, so that idle ones hold no buffer
    std::uint64_t accepted_ = 0, made_room_ = 0, not_accepted_ = 0;
    std::chrono::steady_clock::time_point complain_at_{};
    bool stopping_ = false;
    async::task_group sessions_;
    async::task_group tasks_;
};

}  // namespace veil::http
