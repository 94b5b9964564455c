// HTTP/1.1 over TLS to one server: keep-alive connections, a bound on calls in flight and in the queue, a deadline for
// each call, and the server's certificate always verified. Owned by the application; I/O thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <veil/async/semaphore.hpp>
#include <veil/client/errors.hpp>
#include <veil/core/secret.hpp>

namespace veil::client {

using boost::asio::awaitable;

struct https_options {
    std::string host;  // name or IP address; the certificate must name it
    std::uint16_t port = 443;
    std::string ca_file;  // PEM; no other authority is trusted
    std::size_t in_flight = 8;
    std::size_t max_waiting = 256;
    std::chrono::milliseconds limit{5'000};  // for a call, waiting for its turn included
    std::chrono::seconds idle{60};           // a connection unused for longer is not used again
};

struct post_call {
    std::string path;
    std::string body;  // JSON
    core::secret authorization;
    // An idempotent call is sent a second time when a kept connection turns out to be dead. Others never are.
    bool idempotent = false;
};

struct answer {
    int status = 0;
    std::string body;
};

class https_pool {
 public:
    // Throws when the CA file cannot be used.
    https_pool(boost::asio::any_io_executor executor, https_options options);
    ~https_pool();

    // Sends one POST. Throws core::overloaded, core::timed_out, not_sent, or core::unavailable when the connection
    // broke.
    awaitable<answer> post(post_call call);

    // Until when the certificate is valid that the server showed last (Unix seconds); null before the first connection.
    std::optional<std::int64_t> certificate_expiry() const noexcept { return certificate_expiry_; }

    // Connections made from now on trust this authority (PEM) alone. Throws when it cannot be used, and the old one
    // stays.
    void trust(const std::string& ca_file);

 private:
    class connection;
    using connection_ptr = std::unique_ptr<connection>;

    awaitable<answer> post_unbounded(post_call call);
    awaitable<connection_ptr> connect();
    connection_ptr take_idle();

    struct tls;
    boost::asio::any_io_executor executor_;
    https_options options_;
    std::unique_ptr<tls> tls_;
    async::semaphore places_;
    std::vector<connection_ptr> idle_;
    std::optional<std::int64_t> certificate_expiry_;
};

}  // namespace veil::client
