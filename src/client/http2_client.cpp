#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/intrusive/list.hpp>
#include <veil/async/deadline.hpp>
#include <veil/async/jitter.hpp>
#include <veil/client/http2_client.hpp>
#include <veil/log/log.hpp>

#include "http2_connection.hpp"

namespace veil::client {
namespace asio = boost::asio;
namespace {

using namespace std::chrono_literals;

constexpr int max_resends = 3;      // after a GOAWAY that the request came too late for
constexpr auto healthy_life = 10s;  // a connection that lived so long, or answered, is followed by the next at once

}  // namespace

// One request on its way; whoever knows it forgets it in leave().
struct http2_client::exchange : boost::intrusive::list_base_hook<> {
    enum class state { waiting, sent, answered, refused, broken };

    exchange(const asio::any_io_executor& executor, const request_maker& m, http2_deadlines u)
        : make(m), until(u), wake(executor, u.sent) {}

    const request_maker& make;
    std::string body;  // of the request that was made
    http2_deadlines until;
    asio::steady_timer wake;
    state now = state::waiting;
    int resends = 0;
    std::shared_ptr<http2_connection> connection;
    http2_core::stream_id stream = 0;
    http2_answer answer;
};

struct http2_client::parts {
    asio::ssl::context tls;
    boost::intrusive::list<exchange> waiting;
};

class http2_client::membership {
 public:
    membership(http2_client& owner, exchange& self) : owner_(owner), self_(self) {
        owner_.parts_->waiting.push_back(self_);
    }
    membership(const membership&) = delete;
    membership& operator=(const membership&) = delete;
    ~membership() { owner_.leave(self_); }

 private:
    http2_client& owner_;
    exchange& self_;
};

http2_client::http2_client(asio::any_io_executor executor, http2_options options)
    : executor_(std::move(executor)),
      options_(std::move(options)),
      parts_(std::make_unique<parts>(make_tls_context(options_.ca_file))),
      changed_(executor_),
      tasks_(executor_) {}

http2_client::~http2_client() = default;

std::size_t http2_client::waiting() const noexcept { return parts_->waiting.size(); }

void http2_client::start() { tasks_.spawn("HTTP/2 to " + options_.host, keep_connected()); }

awaitable<void> http2_client::stop() {
    co_await tasks_.stop();
    current_.reset();
}

awaitable<http2_answer> http2_client::send(http2_request request, http2_deadlines until) {
    co_return co_await send([&] { return request; }, until);
}

awaitable<http2_answer> http2_client::send(request_maker make, http2_deadlines until) {
    if (parts_->waiting.size() >= options_.max_waiting)
        throw core::overloaded("too many requests wait for " + options_.host);
    exchange self(executor_, make, until);
    if (parts_->waiting.empty()) moved_at_ = std::chrono::steady_clock::now();
    const membership member(*this, self);
    pump();
    using enum exchange::state;
    boost::system::error_code ec;
    while (self.now == waiting || self.now == sent) {
        co_await self.wake.async_wait(asio::redirect_error(asio::use_awaitable, ec));
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none)
            throw boost::system::system_error(asio::error::operation_aborted);
        if (ec) continue;  // something happened to the exchange, or its timer runs for the answer now
        if (self.now == waiting) throw not_sent("no stream to " + options_.host + " in time: " + last_error_);
        if (self.now == sent) throw core::timed_out(options_.host + " did not answer in time");
    }
    if (self.now == refused) throw not_sent(options_.host + " refused the stream");
    if (self.now == broken) throw core::unavailable("the connection to " + options_.host + " broke");
    co_return std::move(self.answer);
}

void http2_client::leave(exchange& gone) {
    auto& queue = parts_->waiting;
    if (gone.now == exchange::state::waiting) queue.erase(queue.iterator_to(gone));
    if (gone.now == exchange::state::sent) gone.connection->cancel(gone.stream);
}

void http2_client::pump() {
    auto& queue = parts_->waiting;
    while (!queue.empty() && current_ && current_->accepts()) {
        auto& next = queue.front();
        queue.pop_front();
        start_stream(next);
        moved_at_ = std::chrono::steady_clock::now();
    }
    if (queue.empty()) return;
    if (!current_) retry_at_ = std::min(retry_at_, attempted_at_ + options_.hurried_backoff);
    if (queue.size() == 1 || !current_) changed_.notify();
}

void http2_client::start_stream(exchange& next) {
    next.now = exchange::state::sent;
    next.connection = current_;
    next.wake.expires_at(next.until.answered);
    auto request = next.make();
    next.body = std::move(request.body);
    next.stream = current_->submit(request, next.body, [this, &next](http2_end end) {
        const bool came_too_late = end.what == http2_end::kind::refused && next.connection->retiring();
        if (came_too_late && ++next.resends <= max_resends) {
            next.now = exchange::state::waiting;
            next.wake.expires_at(next.until.sent);
            parts_->waiting.push_front(next);
            return;
        }
        next.answer = std::move(end.answer);
        next.now = end.what == http2_end::kind::answered  ? exchange::state::answered
                   : end.what == http2_end::kind::refused ? exchange::state::refused
                                                          : exchange::state::broken;
        next.wake.cancel();
    });
}

void http2_client::renew() {
    if (current_) current_->retire();
    detach_if_retiring();
}

void http2_client::trust(const std::string& ca_file) {
    parts_->tls = make_tls_context(ca_file);
    options_.ca_file = ca_file;
    renew();
}

// A connection that takes no more requests goes on without us until its last answer.
void http2_client::detach_if_retiring() {
    if (!current_ || !current_->retiring()) return;
    last_error_ = "the connection is being replaced";
    current_.reset();
    changed_.notify();
}

awaitable<void> http2_client::keep_connected() {
    while (true) {
        while (options_.on_demand && parts_->waiting.empty()) co_await changed_.wait();
        while (std::chrono::steady_clock::now() < retry_at_) co_await changed_.wait(retry_at_);
        attempted_at_ = std::chrono::steady_clock::now();
        if (auto made = co_await connect_once()) {
            current_ = made;
            ++connections_;
            tasks_.spawn("HTTP/2 connection to " + options_.host, serve(std::move(made)));
            pump();
            co_await wait_until_replaced();
        } else {
            back_off();
        }
    }
}

// Until the connection is lost, or stuck: requests wait and none has moved for a while, because slow answers hold all
// the streams that the server allows (one only, before a provider has accepted anything). Then another one takes over,
// and the slow answers may still come.
awaitable<void> http2_client::wait_until_replaced() {
    while (current_) {
        const auto stuck_at = moved_at_ + options_.stuck_limit;
        if (parts_->waiting.empty() || connections_ >= options_.max_connections) {
            co_await changed_.wait();
        } else if (std::chrono::steady_clock::now() < stuck_at) {
            co_await changed_.wait(stuck_at);
        } else {
            log::warn("requests to {} wait for slow ones: making another connection", options_.host);
            renew();
        }
    }
}

// Null when there is no connection, with the reason in last_error_.
awaitable<std::shared_ptr<http2_connection>> http2_client::connect_once() {
    auto made = std::make_shared<http2_connection>(executor_, parts_->tls, options_);
    try {
        co_await async::with_deadline(options_.connect_limit, made->open(), "connecting");
        co_return made;
    } catch (const std::exception& error) {
        last_error_ = error.what();
    }
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none)
        throw boost::system::system_error(asio::error::operation_aborted);
    if (failures_ == 0) log::warn("no HTTP/2 connection to {}: {}", options_.host, last_error_);
    co_return nullptr;
}

awaitable<void> http2_client::serve(std::shared_ptr<http2_connection> connection) {
    log::info("HTTP/2 connection to {} made", options_.host);
    const auto since = std::chrono::steady_clock::now();
    const auto end = co_await connection->serve([this] {
        detach_if_retiring();
        pump();
    });
    log::info("HTTP/2 connection to {} ended: {}", options_.host, end);
    --connections_;
    changed_.notify();
    if (connection->answered_any() || std::chrono::steady_clock::now() - since >= healthy_life)
        failures_ = 0;
    else
        back_off();
    if (current_ != connection) co_return;
    last_error_ = end;
    current_.reset();
}

void http2_client::back_off() {
    const auto doubled = options_.first_backoff * (1LL << std::min<std::size_t>(failures_, 12));
    const auto limit = parts_->waiting.empty() ? options_.last_backoff : options_.hurried_backoff;
    ++failures_;
    retry_at_ = std::chrono::steady_clock::now() + async::jittered(std::min<std::chrono::milliseconds>(doubled, limit));
}

}  // namespace veil::client
