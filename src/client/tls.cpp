#include "tls.hpp"

#include <boost/asio/connect.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <veil/client/errors.hpp>

namespace veil::client {
namespace asio = boost::asio;
namespace {

bool is_address(const std::string& host) {
    boost::system::error_code ec;
    asio::ip::make_address(host, ec);
    return !ec;
}

}  // namespace

asio::ssl::context make_tls_context(const std::string& ca_file) {
    asio::ssl::context context(asio::ssl::context::tls_client);
    boost::system::error_code ec;
    if (ca_file.empty())
        context.set_default_verify_paths(ec);
    else
        context.load_verify_file(ca_file, ec);
    if (ec) throw std::runtime_error("certificate authority " + ca_file + ": " + ec.message());
    context.set_verify_mode(asio::ssl::verify_peer);
    SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
    return context;
}

asio::awaitable<void> connect_tls(tls_stream& stream, const std::string& host, std::uint16_t port) {
    try {
        asio::ip::tcp::resolver resolver(stream.get_executor());
        const auto endpoints = co_await resolver.async_resolve(host, std::to_string(port), asio::use_awaitable);
        co_await asio::async_connect(stream.next_layer(), endpoints, asio::use_awaitable);
        stream.next_layer().set_option(asio::ip::tcp::no_delay(true));
        stream.set_verify_callback(asio::ssl::host_name_verification(host));
        if (!is_address(host)) SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
        co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        throw not_sent("cannot connect to " + host + ":" + std::to_string(port) + ": " + error.code().message());
    }
}

}  // namespace veil::client
