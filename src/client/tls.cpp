#include "tls.hpp"

#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <veil/async/deadline.hpp>
#include <veil/client/errors.hpp>

namespace veil::client {
namespace asio = boost::asio;
namespace {

constexpr std::chrono::milliseconds address_limit{2'000};

using endpoints = asio::ip::tcp::resolver::results_type;

bool is_address(const std::string& host) {
    boost::system::error_code ec;
    asio::ip::make_address(host, ec);
    return !ec;
}

// Names are looked up one after the other, in a thread that cannot be interrupted: an address does not wait for them.
asio::awaitable<endpoints> resolve(asio::any_io_executor executor, std::string host, std::uint16_t port) {
    const auto service = std::to_string(port);
    if (is_address(host)) co_return endpoints::create({asio::ip::make_address(host), port}, host, service);
    asio::ip::tcp::resolver resolver(executor);
    co_return co_await resolver.async_resolve(host, service, asio::use_awaitable);
}

// Address by address, each with its own limit: one whose network swallows everything must not keep us from the next.
asio::awaitable<void> connect_any(asio::ip::tcp::socket& socket, const endpoints& found) {
    std::exception_ptr failure;
    for (const auto& endpoint : found) {
        failure = nullptr;
        try {
            co_await async::with_deadline(address_limit, socket.async_connect(endpoint, asio::use_awaitable),
                                          "connect");
            co_return;
        } catch (...) {
            failure = std::current_exception();
        }
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) break;
        socket.close();
    }
    if (failure) std::rethrow_exception(failure);
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
        const auto found = co_await resolve(stream.get_executor(), host, port);
        co_await connect_any(stream.next_layer(), found);
        stream.next_layer().set_option(asio::ip::tcp::no_delay(true));
        stream.set_verify_callback(asio::ssl::host_name_verification(host));
        if (!is_address(host)) SSL_set_tlsext_host_name(stream.native_handle(), host.c_str());
        co_await stream.async_handshake(asio::ssl::stream_base::client, asio::use_awaitable);
    } catch (const boost::system::system_error& error) {
        if (error.code() == asio::error::operation_aborted) throw;
        throw not_sent("cannot connect to " + host + ":" + std::to_string(port) + ": " + error.code().message());
    } catch (const core::timed_out& error) {
        throw not_sent("cannot connect to " + host + ":" + std::to_string(port) + ": " + error.what());
    }
}

}  // namespace veil::client
