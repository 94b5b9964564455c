// One connection: bytes to requests, answers to bytes. A coroutine frame owns it with its socket; the server's watchdog
// only looks at its deadline. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <chrono>
#include <list>
#include <string>
#include <veil/http/server.hpp>

#include "parser.hpp"
#include "write.hpp"

namespace veil::http {

class session {
 public:
    session(server& owner, boost::asio::ip::tcp::socket socket);
    session(const session&) = delete;
    session& operator=(const session&) = delete;
    ~session();

    // Serves requests until the peer, a time limit or the server's stop ends the connection.
    awaitable<void> run();

    // Called by the watchdog: ends what the session waits for when its time is over.
    void check_deadline(std::chrono::steady_clock::time_point now);

    bool is_idle() const noexcept { return idle_ && !ending_; }        // between requests
    bool is_reading() const noexcept { return reading_ && !ending_; }  // the rest, or all, of a request

    // Whether the peer has not taken an answer for a while.
    bool is_stuck(std::chrono::steady_clock::time_point now) const noexcept { return now >= stuck_at_ && !ending_; }

    // Ends a connection that is idle, reading or stuck.
    void end();

 private:
    using time_point = std::chrono::steady_clock::time_point;

    awaitable<bool> read_request();
    awaitable<bool> read_more();
    awaitable<bool> send(const response& answer, connection then);
    awaitable<void> refuse(int status);
    awaitable<void> linger();
    void allow(std::chrono::milliseconds time);
    void release_large();

    server& owner_;
    std::list<session*>::iterator place_;
    boost::asio::ip::tcp::socket socket_;
    std::string peer_;  // its IP address
    request request_;
    parser parser_;
    std::string in_, out_;
    time_point deadline_ = time_point::max();
    time_point stuck_at_ = time_point::max();
    bool expired_ = false;
    bool idle_ = false;
    bool reading_ = false;
    bool ending_ = false;
};

}  // namespace veil::http
