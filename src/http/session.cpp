#include "session.hpp"

#include <array>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>

namespace veil::http {
namespace asio = boost::asio;
namespace {

constexpr std::size_t kept_bytes = 4 * 1024;
constexpr std::size_t linger_bytes = 1024 * 1024;
constexpr std::chrono::milliseconds linger_time{2'000};
constexpr std::chrono::milliseconds patience_for_readers{1'000};  // when others wait for a connection

std::string address_of(const asio::ip::tcp::socket& socket) {
    boost::system::error_code ec;
    const auto endpoint = socket.remote_endpoint(ec);
    if (ec) return "-";
    const auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped())
        return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
    return address.to_string();
}

}  // namespace

session::session(server& owner, asio::ip::tcp::socket socket)
    : owner_(owner),
      place_(owner.open_.insert(owner.open_.end(), this)),
      socket_(std::move(socket)),
      parser_(request_) {
    boost::system::error_code ignored;
    socket_.set_option(asio::ip::tcp::no_delay(true), ignored);
    socket_.non_blocking(true, ignored);
    peer_ = address_of(socket_);
}

session::~session() {
    owner_.open_.erase(place_);
    owner_.one_less_.notify();
}

void session::allow(std::chrono::milliseconds time) { deadline_ = std::chrono::steady_clock::now() + time; }

void session::check_deadline(time_point now) {
    if (now < deadline_) return;
    expired_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

void session::end() {
    ending_ = true;
    boost::system::error_code ignored;
    socket_.cancel(ignored);
}

awaitable<void> session::run() {
    allow(owner_.with_.limits.head);  // a new connection has something to say
    while (co_await read_request()) {
        deadline_ = time_point::max();  // what a handler waits for has limits of its own
        request_.peer = peer_;
        const response answer = co_await owner_.router_.handle(request_);
        const bool last = !parser_.keep_alive() || owner_.stopping_;
        const auto then = last                 ? connection::close
                          : parser_.http_1_0() ? connection::keep_alive_1_0
                                               : connection::keep_alive;
        if (!co_await send(answer, then)) co_return;
        if (last) {
            co_await linger();
            co_return;
        }
        parser_.reset();
        release_large();
        allow(owner_.with_.limits.idle);
        owner_.open_.splice(owner_.open_.end(), owner_.open_, place_);
    }
}

// What one large request or answer took is not kept while the connection is idle.
void session::release_large() {
    out_.clear();
    for (auto* each : {&in_, &out_, &request_.body})
        if (each->capacity() > kept_bytes && each->empty()) std::string().swap(*each);
}

// Reads until one whole request is there. False: the connection is over, and a refusal has been sent if one was due.
awaitable<bool> session::read_request() {
    bool head_seen = false;
    while (true) {
        if (!in_.empty()) {
            const bool was_started = parser_.started();
            in_.erase(0, parser_.feed(in_));
            if (!was_started && parser_.started()) allow(owner_.with_.limits.head);
        }
        if (parser_.error() != 0) {
            co_await refuse(parser_.error());
            co_return false;
        }
        if (parser_.done()) co_return true;
        if (parser_.head_done() && !head_seen) {
            head_seen = true;
            allow(owner_.with_.limits.body);
            if (parser_.wants_continue()) {
                boost::system::error_code ec;
                static constexpr std::string_view interim = "HTTP/1.1 100 Continue\r\n\r\n";
                co_await asio::async_write(socket_, asio::buffer(interim),
                                           asio::redirect_error(asio::use_awaitable, ec));
                if (ec) co_return false;
            }
        }
        idle_ = !parser_.started();
        if (ending_ || (idle_ && owner_.stopping_)) co_return false;
        reading_ = true;
        const bool more = co_await read_more();
        idle_ = reading_ = false;
        if (more) continue;
        if (expired_ && parser_.started()) co_await refuse(408);
        co_return false;
    }
}

// Waits until the socket has something and puts it behind what is left in in_. False at the end of the stream, on an
// error or a time-out.
awaitable<bool> session::read_more() {
    boost::system::error_code ec = asio::error::would_block;
    while (ec == asio::error::would_block) {
        co_await socket_.async_wait(asio::ip::tcp::socket::wait_read, asio::redirect_error(asio::use_awaitable, ec));
        if (ec) co_return false;
        const std::size_t n = socket_.read_some(asio::buffer(owner_.received_), ec);
        in_.append(owner_.received_.data(), n);
    }
    co_return !ec;
}

awaitable<bool> session::send(const response& answer, connection then) {
    const bool head_only = request_.method == "HEAD";
    out_.clear();
    append_response(out_, answer, request_.id, then, head_only);
    const std::array<asio::const_buffer, 2> parts{asio::buffer(out_),
                                                  asio::buffer(head_only ? std::string_view() : answer.fixed_body)};
    allow(owner_.with_.limits.write);
    stuck_at_ = std::chrono::steady_clock::now() + patience_for_readers;
    boost::system::error_code ec;
    co_await asio::async_write(socket_, parts, asio::redirect_error(asio::use_awaitable, ec));
    stuck_at_ = time_point::max();
    co_return !ec;
}

awaitable<void> session::refuse(int status) {
    expired_ = false;
    request_.peer = peer_;
    const response answer = owner_.router_.refuse(request_, status, reason_phrase(status));
    if (co_await send(answer, connection::close)) co_await linger();
}

// Reads on for a moment after the last answer: closing a socket with unread bytes resets the connection, and the peer
// would lose the answer (RFC 9112, section 9.6).
awaitable<void> session::linger() {
    boost::system::error_code ec;
    socket_.shutdown(asio::ip::tcp::socket::shutdown_send, ec);
    allow(linger_time);
    stuck_at_ = std::chrono::steady_clock::now() + patience_for_readers;
    for (std::size_t seen = 0; !ec && seen < linger_bytes;) {
        in_.resize(owner_.received_.size());
        seen += co_await socket_.async_read_some(asio::buffer(in_), asio::redirect_error(asio::use_awaitable, ec));
    }
}

}  // namespace veil::http
