// TLS to a server whose certificate is always verified. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <cstdint>
#include <string>

namespace veil::client {

using tls_stream = boost::asio::ssl::stream<boost::asio::ip::tcp::socket>;

// TLS 1.2 and later. ca_file: PEM, no other authority is trusted; empty: the system's authorities. Throws when they
// cannot be read.
boost::asio::ssl::context make_tls_context(const std::string& ca_file);

// Connects `stream` to host:port and shakes hands; the certificate must name the host, a name or an IP address. Throws
// not_sent.
boost::asio::awaitable<void> connect_tls(tls_stream& stream, const std::string& host, std::uint16_t port);

}  // namespace veil::client
