// One TLS connection that speaks HTTP/2: moves bytes between the socket and http2_core, and asks a silent server
// whether it still lives. Owned by http2_client; I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <veil/client/http2_client.hpp>

#include "http2_core.hpp"
#include "tls.hpp"

namespace veil::client {

class http2_connection {
 public:
    http2_connection(const boost::asio::any_io_executor& executor, boost::asio::ssl::context& context,
                     const http2_options& options);

    // Connects, agrees on "h2" (RFC 7301) and waits for the server's SETTINGS. Throws not_sent or core::refused.
    awaitable<void> open();

    // Moves bytes until the connection ends, then ends every stream. `changed` is called when requests may be
    // submitted again. Returns why it ended; throws only when cancelled.
    awaitable<std::string> serve(std::function<void()> changed);

    bool accepts() const { return !retired_ && core_.accepts(); }
    http2_core::stream_id submit(const http2_request& head, std::string_view body, http2_core::on_end ended);
    void cancel(http2_core::stream_id stream);

    // Takes no more requests; the connection ends when the streams in flight have.
    void retire();

    bool retiring() const noexcept { return retired_ || core_.draining(); }
    bool answered_any() const noexcept { return core_.answered_any(); }

 private:
    using time_point = std::chrono::steady_clock::time_point;

    awaitable<void> read(std::function<void()> changed);
    awaitable<void> read_some();
    awaitable<void> write();
    awaitable<void> flush();
    awaitable<void> watch();
    void wake_writer() { writable_.cancel(); }
    bool finished() const { return retiring() && core_.in_flight() == 0; }

    const http2_options& options_;
    tls_stream stream_;
    http2_core core_;
    boost::asio::steady_timer writable_;  // never expires by itself; cancelled when there may be bytes to send
    std::string input_;
    time_point received_at_;
    std::optional<time_point> asked_at_;  // a PING is under way
    bool retired_ = false;
};

}  // namespace veil::client
