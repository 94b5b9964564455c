#include "fake_https.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <mutex>
#include <thread>

#include "identity.hpp"

namespace veil::test {
namespace asio = boost::asio;
namespace http = boost::beast::http;

struct fake_https::parts {
    explicit parts(const std::string& name, std::function<reply(const seen&)> d)
        : decide(std::move(d)), who(make_self_signed(name)) {
        use_identity(context.native_handle(), who);
        thread = std::thread([this] { serve(); });
    }
    ~parts() {
        stopping = true;
        boost::system::error_code ignored;
        asio::io_context other;
        asio::ip::tcp::socket poke(other);  // ends the blocking accept
        poke.connect(acceptor.local_endpoint(), ignored);
        thread.join();
        for (auto& each : sessions) each.join();
    }

    void serve() {
        while (true) {
            boost::system::error_code ec;
            auto socket = acceptor.accept(ec);
            if (stopping || ec) return;
            sessions.emplace_back([this, s = std::make_shared<asio::ip::tcp::socket>(std::move(socket))] { talk(*s); });
        }
    }

    void talk(asio::ip::tcp::socket& socket) {
        boost::system::error_code ec;
        asio::ssl::stream<asio::ip::tcp::socket&> stream(socket, context);
        stream.handshake(asio::ssl::stream_base::server, ec);
        if (ec) return;
        ++connections;
        boost::beast::flat_buffer buffer;
        while (!ec) {
            http::request<http::string_body> request;
            http::read(stream, buffer, request, ec);
            if (ec) return;
            const seen one{std::string(request.target()), std::string(request[http::field::authorization]),
                           request.body()};
            reply answer;
            {
                const std::lock_guard lock(mutex);
                requests.push_back(one);
                answer = decide(one);
            }
            using enum reply::then;
            if (answer.next == say_nothing_and_close) return;
            if (answer.next == say_nothing) {
                char byte = 0;
                stream.read_some(asio::buffer(&byte, 1), ec);  // until the client gives up
                return;
            }
            if (answer.next == talk_nonsense) {
                asio::write(stream, asio::buffer(std::string("this is not HTTP\r\n\r\n")), ec);
                return;
            }
            http::response<http::string_body> out(static_cast<http::status>(answer.status), 11);
            out.body() = answer.body;
            out.prepare_payload();
            http::write(stream, out, ec);
            if (answer.next == close) return;
        }
    }

    std::function<reply(const seen&)> decide;
    identity who;
    asio::io_context io;
    asio::ssl::context context{asio::ssl::context::tls_server};
    asio::ip::tcp::acceptor acceptor{io, {asio::ip::make_address("127.0.0.1"), 0}};
    temporary_file ca_file{pem(*who.certificate)};
    std::atomic<bool> stopping{false};
    std::atomic<int> connections{0};
    std::mutex mutex;
    std::vector<seen> requests;
    std::vector<std::thread> sessions;
    std::thread thread;
};

fake_https::fake_https(const std::string& name, std::function<reply(const seen&)> decide)
    : parts_(std::make_unique<parts>(name, std::move(decide))) {}
fake_https::~fake_https() = default;
std::uint16_t fake_https::port() const { return parts_->acceptor.local_endpoint().port(); }
const std::string& fake_https::ca_file() const { return parts_->ca_file.path(); }
int fake_https::connections() const { return parts_->connections; }
std::vector<fake_https::seen> fake_https::requests() const {
    const std::lock_guard lock(parts_->mutex);
    return parts_->requests;
}

}  // namespace veil::test
