// HTTP/2 over TLS to one server: one long-lived connection that many requests share, made again with backoff when it is
// lost and replaced when slow answers block it, behind a bounded queue. Owned by a push provider; I/O thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <veil/async/signal.hpp>
#include <veil/async/task_group.hpp>
#include <veil/client/errors.hpp>
#include <veil/client/http2.hpp>

namespace veil::client {

using boost::asio::awaitable;

struct http2_options {
    std::string host;  // name or IP address; the certificate must name it
    std::uint16_t port = 443;
    std::string ca_file;               // PEM; empty: the system's authorities
    bool on_demand = false;            // connect when a request waits rather than always
    std::size_t max_waiting = 20'000;  // requests that no stream could be opened for yet
    std::chrono::milliseconds connect_limit{5'000};
    std::chrono::milliseconds busy_silence{2'000};   // nothing heard for so long while answers are awaited: PING
    std::chrono::milliseconds idle_silence{15'000};  // the same without
    std::chrono::milliseconds ping_limit{3'000};     // then the connection is dead
    std::chrono::milliseconds watch_interval{250};
    std::chrono::milliseconds first_backoff{250};  // doubles with every failure in a row, with jitter
    std::chrono::milliseconds last_backoff{30'000};
    std::chrono::milliseconds hurried_backoff{1'000};  // at most so long while a request waits
    std::chrono::milliseconds stuck_limit{1'000};      // requests wait and none moves: another connection is made
    std::size_t max_connections = 4;                   // those with slow answers included
};

// Until when a request may wait for a stream, and for its answer.
struct http2_deadlines {
    std::chrono::steady_clock::time_point sent, answered;
};

// Is called again when a GOAWAY came in between.
using request_maker = std::function<http2_request()>;

class http2_connection;

class http2_client {
 public:
    // Throws when the CA file cannot be used.
    http2_client(boost::asio::any_io_executor executor, http2_options options);
    ~http2_client();

    // Begins to connect. Requests may be given before it.
    void start();

    // Ends all connections; requests in hand end as not_sent or core::unavailable.
    awaitable<void> stop();

    // Sends the request that `make` gives when there is a stream for it: what waits takes little room, and what is sent
    // is up to date. Throws core::overloaded at once when the queue is full, not_sent when the server certainly did
    // nothing, core::timed_out when the answer did not come in time, core::unavailable when the connection broke.
    awaitable<http2_answer> send(request_maker make, http2_deadlines until);

    // Sends a request that is ready.
    awaitable<http2_answer> send(http2_request request, http2_deadlines until);

    // Sends no more on the present connection: what it was authenticated with is worn out.
    void renew();

    // The same, and the next one trusts this authority (PEM; empty: the system's). Throws when it cannot be used, and
    // everything stays.
    void trust(const std::string& ca_file);

    const std::string& host() const noexcept { return options_.host; }

    // Whether there is a connection that takes requests, and how many wait for a stream.
    bool connected() const noexcept { return current_ != nullptr; }
    std::size_t waiting() const noexcept;

 private:
    struct exchange;
    struct parts;
    class membership;
    using time_point = std::chrono::steady_clock::time_point;

    awaitable<void> keep_connected();
    awaitable<std::shared_ptr<http2_connection>> connect_once();
    awaitable<void> wait_until_replaced();
    awaitable<void> serve(std::shared_ptr<http2_connection> connection);
    void pump();
    void start_stream(exchange& next);
    void leave(exchange& gone);
    void detach_if_retiring();
    void back_off();

    boost::asio::any_io_executor executor_;
    http2_options options_;
    std::unique_ptr<parts> parts_;
    std::shared_ptr<http2_connection> current_;
    std::string last_error_ = "not connected yet";  // why there was no connection lately
    std::size_t connections_ = 0;                   // current_, and those with only answers to come
    std::size_t failures_ = 0;                      // to connect, in a row
    time_point attempted_at_{};
    time_point retry_at_{};
    time_point moved_at_{};  // when a request last left the queue, or came into an empty one
    async::signal changed_;  // given when keep_connected should look again
    async::task_group tasks_;
};

}  // namespace veil::client
