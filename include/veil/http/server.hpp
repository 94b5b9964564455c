// The HTTP server: accepts connections, times them out, and stops them in two stages. Owned by the application; I/O
// thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <list>
#include <string>
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

class server {
 public:
    server(boost::asio::any_io_executor executor, router& routes, time_limits limits = {});
    ~server();

    // Binds, listens and starts accepting; returns the endpoint in use. Throws runtime_error when that fails.
    boost::asio::ip::tcp::endpoint listen(const std::string& host, std::uint16_t port);

    // Stops accepting and closes idle connections; running requests get `grace` to be answered (with Connection:
    // close), then their connections are cancelled.
    awaitable<void> stop(std::chrono::milliseconds grace);

 private:
    friend session;
    awaitable<void> accept_connections();
    awaitable<void> watch_deadlines();

    boost::asio::any_io_executor executor_;
    router& router_;
    time_limits limits_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::list<session*> open_;  // each session adds and removes itself
    bool stopping_ = false;
    async::task_group sessions_;
    async::task_group tasks_;
};

}  // namespace veil::http
