#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <veil/async/deadline.hpp>
#include <veil/async/idle_socket.hpp>
#include <veil/client/certificates.hpp>
#include <veil/client/https_pool.hpp>

#include "tls.hpp"

namespace veil::client {
namespace asio = boost::asio;
namespace beast = boost::beast;
namespace {

constexpr std::size_t max_answer_bytes = 4 * 1024 * 1024;

}  // namespace

struct https_pool::tls {
    asio::ssl::context context;
};

class https_pool::connection {
 public:
    connection(const asio::any_io_executor& executor, asio::ssl::context& context) : stream_(executor, context) {}

    tls_stream& stream() { return stream_; }
    std::chrono::steady_clock::time_point used_at = std::chrono::steady_clock::now();

    bool looks_alive() { return async::is_quiet(stream_.next_layer().native_handle()); }

    awaitable<answer> exchange(const std::string& host, const post_call& call, bool& reusable) {
        beast::http::request<beast::http::string_body> request(beast::http::verb::post, call.path, 11);
        request.set(beast::http::field::host, host);
        request.set(beast::http::field::content_type, "application/json");
        request.set(beast::http::field::authorization, call.authorization.reveal());
        request.body() = call.body;
        request.prepare_payload();
        co_await beast::http::async_write(stream_, request, asio::use_awaitable);
        beast::http::response_parser<beast::http::string_body> parser;
        parser.body_limit(max_answer_bytes);
        co_await beast::http::async_read(stream_, buffer_, parser, asio::use_awaitable);
        reusable = parser.get().keep_alive() && buffer_.size() == 0;
        co_return answer{static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
    }

 private:
    tls_stream stream_;
    beast::flat_buffer buffer_;
};

https_pool::https_pool(asio::any_io_executor executor, https_options options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      tls_(std::make_unique<tls>(make_tls_context(options_.ca_file))),
      places_(executor_, options_.in_flight, options_.max_waiting) {}

https_pool::~https_pool() = default;

// Streams that are open keep what they need of the old context.
void https_pool::trust(const std::string& ca_file) {
    *tls_ = {make_tls_context(ca_file)};
    options_.ca_file = ca_file;
}

awaitable<answer> https_pool::post(post_call call) {
    const auto what = options_.host + call.path;
    co_return co_await async::with_deadline(options_.limit, post_unbounded(std::move(call)), what.c_str());
}

awaitable<answer> https_pool::post_unbounded(post_call call) {
    const auto permit = co_await places_.acquire();
    for (bool retried = false;; retried = true) {
        auto used = take_idle();
        const bool reused = used != nullptr;
        if (!reused) used = co_await connect();
        try {
            bool reusable = false;
            auto result = co_await used->exchange(options_.host, call, reusable);
            used->used_at = std::chrono::steady_clock::now();
            if (reusable) idle_.push_back(std::move(used));
            co_return result;
        } catch (const boost::system::system_error& error) {
            if (error.code() == asio::error::operation_aborted) throw;
            if (!reused || retried || !call.idempotent)
                throw core::unavailable(options_.host + call.path + ": " + error.code().message());
        }
    }
}

https_pool::connection_ptr https_pool::take_idle() {
    const auto oldest = std::chrono::steady_clock::now() - options_.idle;
    while (!idle_.empty()) {
        auto candidate = std::move(idle_.back());
        idle_.pop_back();
        if (candidate->used_at > oldest && candidate->looks_alive()) return candidate;
    }
    return nullptr;
}

awaitable<https_pool::connection_ptr> https_pool::connect() {
    auto made = std::make_unique<connection>(executor_, tls_->context);
    co_await connect_tls(made->stream(), options_.host, options_.port);
    certificate_expiry_ = expiry_of(SSL_get0_peer_certificate(made->stream().native_handle()));
    co_return made;
}

}  // namespace veil::client
