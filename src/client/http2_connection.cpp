#include "http2_connection.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/deferred.hpp>
#include <boost/asio/experimental/parallel_group.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <veil/async/pause.hpp>
#include <veil/client/errors.hpp>

namespace veil::client {
namespace asio = boost::asio;
namespace {

constexpr std::size_t input_bytes = 32 * 1024;
constexpr unsigned char protocols[] = {2, 'h', '2'};
constexpr std::string_view http2 = "h2";

void offer_http2(SSL* tls) {
    if (SSL_set_alpn_protos(tls, protocols, sizeof protocols) != 0) throw std::runtime_error("ALPN cannot be set up");
}

std::string_view chosen_protocol(const SSL* tls) {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(tls, &name, &size);
    return {reinterpret_cast<const char*>(name), size};
}

std::string reason_of(const std::exception_ptr& thrown) {
    try {
        std::rethrow_exception(thrown);
    } catch (const boost::system::system_error& error) {
        return error.code().message();
    } catch (const std::exception& error) {
        return error.what();
    }
}

}  // namespace

http2_connection::http2_connection(const asio::any_io_executor& executor, asio::ssl::context& context,
                                   const http2_options& options)
    : options_(options),
      stream_(executor, context),
      core_(options.port == 443 ? options.host : options.host + ":" + std::to_string(options.port)),
      writable_(executor, asio::steady_timer::time_point::max()),
      input_(input_bytes, '\0') {}

awaitable<void> http2_connection::open() {
    offer_http2(stream_.native_handle());
    co_await connect_tls(stream_, options_.host, options_.port);
    if (chosen_protocol(stream_.native_handle()) != http2)
        throw core::refused(options_.host + " does not speak HTTP/2");
    co_await flush();
    while (!core_.settled()) {
        co_await read_some();
        co_await flush();
    }
}

awaitable<std::string> http2_connection::serve(std::function<void()> changed) {
    const auto executor = co_await asio::this_coro::executor;
    received_at_ = std::chrono::steady_clock::now();
    auto parts = asio::experimental::make_parallel_group(
        asio::co_spawn(executor, read(std::move(changed)), asio::deferred),
        asio::co_spawn(executor, write(), asio::deferred), asio::co_spawn(executor, watch(), asio::deferred));
    const auto [order, read_end, write_end, watch_end] =
        co_await parts.async_wait(asio::experimental::wait_for_one(), asio::use_awaitable);
    const auto& first = order[0] == 0 ? read_end : order[0] == 1 ? write_end : watch_end;
    core_.abandon();
    if (core_.draining()) co_return "the server said goodbye: " + core_.farewell();
    co_return first ? reason_of(first) : "no longer needed";
}

http2_core::stream_id http2_connection::submit(const http2_request& head, std::string_view body,
                                               http2_core::on_end ended) {
    if (core_.in_flight() == 0) received_at_ = std::chrono::steady_clock::now();  // an answer is awaited from now on
    const auto id = core_.submit(head, body, std::move(ended));
    wake_writer();
    return id;
}

void http2_connection::cancel(http2_core::stream_id stream) {
    core_.cancel(stream);
    wake_writer();
}

void http2_connection::retire() {
    retired_ = true;
    wake_writer();
}

awaitable<void> http2_connection::read_some() {
    const auto size = co_await stream_.async_read_some(asio::buffer(input_), asio::use_awaitable);
    received_at_ = std::chrono::steady_clock::now();
    asked_at_.reset();
    core_.feed(std::string_view(input_).substr(0, size));
}

awaitable<void> http2_connection::read(std::function<void()> changed) {
    while (!finished()) {
        co_await read_some();
        changed();
        wake_writer();  // acknowledgements, window updates
    }
}

awaitable<void> http2_connection::write() {
    boost::system::error_code ignored;
    while (!finished()) {
        co_await flush();
        if (finished()) break;
        co_await writable_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) break;
    }
}

awaitable<void> http2_connection::flush() {
    for (auto bytes = core_.take(); !bytes.empty(); bytes = core_.take())
        co_await asio::async_write(stream_, asio::buffer(bytes), asio::use_awaitable);
    if (core_.broken()) throw core::refused("HTTP/2 protocol error");
}

// A server that has died silently answers nothing, and neither does the network in between.
awaitable<void> http2_connection::watch() {
    while (true) {
        co_await async::pause(options_.watch_interval);
        const auto now = std::chrono::steady_clock::now();
        if (asked_at_) {
            if (now - *asked_at_ >= options_.ping_limit) throw core::timed_out("the server does not answer a PING");
            continue;
        }
        if (now - received_at_ < (core_.in_flight() > 0 ? options_.busy_silence : options_.idle_silence)) continue;
        asked_at_ = now;
        core_.ping();
        wake_writer();
    }
}

}  // namespace veil::client
