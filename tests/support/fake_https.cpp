#include "fake_https.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <thread>

namespace veil::test {
namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace {

struct identity {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
    std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), &X509_free};
};

// A self-signed certificate that is its own authority.
identity make_identity(const std::string& name) {
    identity made;
    X509* const c = made.certificate.get();
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
    X509_gmtime_adj(X509_getm_notBefore(c), -60);
    X509_gmtime_adj(X509_getm_notAfter(c), 3600);
    X509_set_pubkey(c, made.key.get());
    X509_NAME* const subject = X509_get_subject_name(c);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
    X509_set_issuer_name(c, subject);
    const bool address = name.find_first_not_of("0123456789.") == std::string::npos;
    const std::string alternative = (address ? "IP:" : "DNS:") + name;
    for (const auto& [id, value] : {std::pair{NID_basic_constraints, std::string("critical,CA:TRUE")},
                                    std::pair{NID_subject_alt_name, alternative}}) {
        X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, nullptr, id, value.c_str());
        X509_add_ext(c, extension, -1);
        X509_EXTENSION_free(extension);
    }
    if (X509_sign(c, made.key.get(), EVP_sha256()) == 0) throw std::runtime_error("no certificate");
    return made;
}

std::string write_pem(X509* certificate) {
    std::string path = "/tmp/veil-test-ca.XXXXXX";
    const int fd = ::mkstemp(path.data());
    std::FILE* const file = ::fdopen(fd, "w");
    PEM_write_X509(file, certificate);
    std::fclose(file);
    return path;
}

}  // namespace

struct fake_https::parts {
    explicit parts(const std::string& name, std::function<reply(const seen&)> d)
        : decide(std::move(d)), who(make_identity(name)) {
        context.use_certificate(asio::buffer(pem(who.certificate.get())), asio::ssl::context::pem);
        SSL_CTX_use_PrivateKey(context.native_handle(), who.key.get());
        ca_file = write_pem(who.certificate.get());
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
        ::unlink(ca_file.c_str());
    }

    static std::string pem(X509* certificate) {
        std::unique_ptr<BIO, decltype(&BIO_free)> memory(BIO_new(BIO_s_mem()), &BIO_free);
        PEM_write_bio_X509(memory.get(), certificate);
        char* data = nullptr;
        const auto size = BIO_get_mem_data(memory.get(), &data);
        return {data, static_cast<std::size_t>(size)};
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
    std::string ca_file;
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
const std::string& fake_https::ca_file() const { return parts_->ca_file; }
int fake_https::connections() const { return parts_->connections; }
std::vector<fake_https::seen> fake_https::requests() const {
    const std::lock_guard lock(parts_->mutex);
    return parts_->requests;
}

}  // namespace veil::test
