#include "h2_listener.hpp"

#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/write.hpp>
#include <unordered_set>

namespace veil::test {
namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::string_view h2 = "\x02h2";  // as ALPN writes a list of one
constexpr std::chrono::seconds last_patience{1};

int choose_h2(SSL*, const unsigned char** chosen, unsigned char* size, const unsigned char* offered,
              unsigned int offered_size, void*) {
    unsigned char* found = nullptr;
    const auto* const ours = reinterpret_cast<const unsigned char*>(h2.data());
    const int result = SSL_select_next_proto(&found, size, ours, h2.size(), offered, offered_size);
    *chosen = found;
    return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

bool speaks_h2(SSL* tls) {
    const unsigned char* chosen = nullptr;
    unsigned int size = 0;
    SSL_get0_alpn_selected(tls, &chosen, &size);
    return size == h2.size() - 1;
}

}  // namespace

// Shared with the connections, which may outlive the listener for as long as their last handlers wait to be run.
struct h2_listener::parts : std::enable_shared_from_this<parts> {
    parts(asio::io_context& io, const identity& who, h2_listener_options wanted, handler handle)
        : options(std::move(wanted)), answer(std::move(handle)), acceptor(io) {
        SSL_CTX* const context = tls.native_handle();
        SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
        SSL_CTX_set_alpn_select_cb(context, choose_h2, nullptr);
        use_identity(context, who);
        const tcp::endpoint endpoint(asio::ip::make_address(options.host), options.port);
        acceptor.open(endpoint.protocol());
        acceptor.set_option(tcp::acceptor::reuse_address(true));
        acceptor.bind(endpoint);
        acceptor.listen();
        port = acceptor.local_endpoint().port();
    }

    void accept() {
        acceptor.async_accept([self = shared_from_this()](const error_code& ec, tcp::socket socket) {
            if (!self->acceptor.is_open()) return;
            if (!ec) {
                const auto made = std::make_shared<connection>(self, std::move(socket));
                self->open.insert(made);
                made->shake_hands();
            }
            self->accept();
        });
    }

    void close() {
        error_code ignored;
        acceptor.close(ignored);
        for (const auto& each : std::exchange(open, {})) each->drop();
    }

    void before_effect() const {
        if (options.before_effect) options.before_effect();
    }

    std::uint64_t next_number() { return options.next_number ? options.next_number() : ++count; }

    h2_listener_options options;
    handler answer;
    asio::ssl::context tls{asio::ssl::context::tls_server};
    tcp::acceptor acceptor;
    std::uint16_t port = 0;
    std::uint64_t count = 0;
    std::unordered_set<std::shared_ptr<connection>> open;
};

h2_listener::h2_listener(asio::io_context& io, const identity& who, h2_listener_options options, handler handle)
    : parts_(std::make_shared<parts>(io, who, std::move(options), std::move(handle))) {
    parts_->accept();
}

h2_listener::~h2_listener() { parts_->close(); }

std::uint16_t h2_listener::port() const { return parts_->port; }

void h2_listener::stop() {
    asio::post(parts_->acceptor.get_executor(), [held = parts_] { held->close(); });
}

h2_listener::connection::connection(std::shared_ptr<parts> owner, tcp::socket socket)
    : owner_(std::move(owner)),
      stream_(std::move(socket), owner_->tls),
      patience_(stream_.get_executor()),
      server_(owner_->options.http, [this](h2_request request) {
          if (closed_ || muted_ || finishing_) return;  // by the answer to an earlier request of the same bytes
          owner_->answer(shared_from_this(), std::move(request));
      }) {}

void h2_listener::connection::shake_hands() {
    error_code ignored;
    stream_.next_layer().set_option(tcp::no_delay(true), ignored);
    stream_.async_handshake(asio::ssl::stream_base::server, [self = shared_from_this()](const error_code& ec) {
        if (ec || !speaks_h2(self->stream_.native_handle())) return self->drop();
        if (!self->closed_) self->greet();
    });
}

void h2_listener::connection::greet() {
    number_ = owner_->next_number();
    if (owner_->options.opened) owner_->options.opened(*this);
    muted_ = owner_->options.mute;
    flush();
    read();
}

void h2_listener::connection::read() {
    if (closed_ || muted_ || ending_) return;
    stream_.async_read_some(asio::buffer(in_), [self = shared_from_this()](const error_code& ec, std::size_t size) {
        self->on_read(ec, size);
    });
}

void h2_listener::connection::on_read(const error_code& ec, std::size_t size) {
    if (closed_ || muted_ || ending_) return;
    if (ec) return drop();  // the client has gone
    if (!finishing_) {
        feeding_ = true;
        if (!server_.feed({in_.data(), size})) finish();
        feeding_ = false;
    }
    flush();
    read();
}

void h2_listener::connection::flush() {
    if (closed_ || muted_ || ending_ || feeding_ || writing_) return;
    out_ = server_.take() + std::exchange(raw_, {});
    if (out_.empty()) {
        if (finishing_ || server_.done()) end();
        return;
    }
    writing_ = true;
    owner_->before_effect();
    asio::async_write(stream_, asio::buffer(out_), [self = shared_from_this()](const error_code& ec, std::size_t) {
        self->writing_ = false;
        if (ec) return self->drop();
        self->flush();
    });
}

void h2_listener::connection::say(std::string_view raw) { raw_ += raw; }

void h2_listener::connection::finish() { finishing_ = true; }

void h2_listener::connection::mute() { muted_ = true; }

// A close() with unread bytes would reset TCP, and the client might lose what was just said to it: say good-bye, and
// give it a moment to hang up.
void h2_listener::connection::end() {
    ending_ = true;
    owner_->before_effect();
    patience_.expires_after(last_patience);
    patience_.async_wait([self = shared_from_this()](const error_code&) { self->drop(); });
    stream_.async_shutdown([self = shared_from_this()](const error_code&) { self->discard(); });
}

void h2_listener::connection::discard() {
    if (closed_) return;
    error_code ignored;
    stream_.next_layer().shutdown(tcp::socket::shutdown_send, ignored);
    stream_.next_layer().async_read_some(asio::buffer(in_),
                                         [self = shared_from_this()](const error_code& ec, std::size_t) {
                                             if (ec) return self->drop();
                                             self->discard();
                                         });
}

void h2_listener::connection::drop() {
    if (std::exchange(closed_, true)) return;
    owner_->before_effect();
    error_code ignored;
    stream_.next_layer().close(ignored);
    patience_.cancel();
    owner_->open.erase(shared_from_this());
    if (number_ != 0 && owner_->options.closed) owner_->options.closed(*this);
}

}  // namespace veil::test
