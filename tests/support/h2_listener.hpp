// Accepts TLS 1.2+ connections that speak HTTP/2 (ALPN h2) and gives each an h2_server. Its owner runs the io_context,
// in one thread; everything here but stop() and port() belongs to that thread. Unit tests run the io_context in a
// thread of their own and end with stop() and a join; the destructor must not run while that thread does.
#pragma once

#include <array>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "h2_server.hpp"
#include "identity.hpp"

namespace veil::test {

struct h2_listener_options;

class h2_listener {
 public:
    class connection;
    // Answers a request through the connection: at once, or later and then with a flush().
    using handler = std::function<void(const std::shared_ptr<connection>&, h2_request)>;

    // Listens when it returns. Throws boost::system::system_error when the address cannot be had.
    h2_listener(boost::asio::io_context& io, const identity& who, h2_listener_options options, handler handle);
    ~h2_listener();

    std::uint16_t port() const;
    // Closes the listener and all its connections soon; the io_context then has nothing left to do for it. Any thread.
    void stop();

 private:
    struct parts;
    std::shared_ptr<parts> parts_;
};

struct h2_listener_options {
    std::string host = "127.0.0.1";
    std::uint16_t port = 0;  // 0: any free one
    h2_server_options http = {};
    bool mute = false;                                // connections are silent once TLS stands
    std::function<std::uint64_t()> next_number = {};  // without it connections count from 1
    std::function<void(const h2_listener::connection&)> opened = {}, closed = {};  // after the TLS handshake; its end
    std::function<void()> before_effect = {};  // called before a client is given bytes or an end of its connection
};

// Lives as long as it is open or somebody holds it; without effect once it is closed.
class h2_listener::connection : public std::enable_shared_from_this<connection> {
 public:
    connection(std::shared_ptr<parts> owner, boost::asio::ip::tcp::socket socket);

    std::uint64_t number() const { return number_; }
    h2_server& server() { return server_; }
    const h2_server& server() const { return server_; }

    void flush();                    // sends what the server has; what is said meanwhile goes in the next write
    void say(std::string_view raw);  // these bytes through TLS after what the server has, HTTP/2 or not; then flush()
    void finish();                   // reads no more, and after the next flush() ends TLS and TCP in good order
    void drop();                     // closes TCP at once
    void mute();                     // never reads nor writes again, TCP stays open

 private:
    friend struct parts;
    void shake_hands();
    void greet();
    void read();
    void on_read(const boost::system::error_code& ec, std::size_t size);
    void end();
    void discard();

    std::shared_ptr<parts> owner_;
    boost::asio::ssl::stream<boost::asio::ip::tcp::socket> stream_;
    boost::asio::steady_timer patience_;
    h2_server server_;
    std::array<char, 16384> in_;
    std::string out_, raw_;
    std::uint64_t number_ = 0;
    bool feeding_ = false, writing_ = false, muted_ = false, finishing_ = false, ending_ = false, closed_ = false;
};

}  // namespace veil::test
