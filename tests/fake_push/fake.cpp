#include "fake.hpp"

#include <fmt/format.h>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <optional>
#include <stdexcept>

#include "apns.hpp"
#include "fcm.hpp"
#include "folder.hpp"

namespace veil::fake_push {
namespace {

namespace asio = boost::asio;
using test::h2_listener;
using connection_ptr = std::shared_ptr<h2_listener::connection>;

class fake {
 public:
    explicit fake(const options& wanted)
        : options_(wanted),
          lines_(io_, wanted.out),
          folder_(wanted.folder),
          apns_(io_, lines_, tries_, provider_tokens(folder_.apns_key(), folder_.apns_next_key(), wanted.token_update),
                wanted.streams) {
        listen(production_, "apns", options_.apns_port, 1, at_apple(environment::production));
        listen(sandbox_, "sandbox", options_.sandbox_port, 1, at_apple(environment::sandbox));
        listen(google_, "google", options_.google_port, options_.streams, at_google());
        access_.emplace(folder_.service_key(), access_tokens::settings{.client_email = folder_.client_email(),
                                                                       .token_uri = folder::token_uri(google_->port()),
                                                                       .life = options_.google_token,
                                                                       .failures = options_.google_token_failures});
        fcm_.emplace(io_, lines_, tries_, *access_, options_.streams);
        folder_.point_at({production_->port(), sandbox_->port(), google_->port()});
        lines_.listening("apns", options_.host, production_->port());
        lines_.listening("sandbox", options_.host, sandbox_->port());
        lines_.listening("google", options_.host, google_->port());
        lines_.flush();
    }

    void serve() {
        signals_.async_wait([this](const boost::system::error_code&, int) { stop(); });
        io_.run();
        lines_.flush();
    }

 private:
    void listen(std::optional<h2_listener>& as, std::string_view name, std::uint16_t port, std::uint32_t streams,
                h2_listener::handler handle) {
        test::h2_listener_options wanted{.host = options_.host, .port = port, .mute = options_.mute};
        wanted.http.max_streams = streams;
        wanted.next_number = [this] { return ++connections_; };  // no two connections of a fake have one number
        wanted.before_effect = [this] { lines_.flush(); };
        wanted.opened = [this, name](const h2_listener::connection& one) { lines_.connection(name, one.number()); };
        wanted.closed = [this, name](const h2_listener::connection& one) {
            lines_.connection_end(name, one.number(), one.server());
            apns_.forget(one.number());
        };
        try {
            as.emplace(io_, folder_.server(), std::move(wanted), std::move(handle));
        } catch (const boost::system::system_error& error) {
            throw std::runtime_error(
                fmt::format("cannot listen on {}:{} for {}: {}", options_.host, port, name, error.code().message()));
        }
    }

    h2_listener::handler at_apple(environment where) {
        return [this, where](const connection_ptr& from, const test::h2_request& request) {
            apns_.receive(where, from, request);
        };
    }

    h2_listener::handler at_google() {
        return [this](const connection_ptr& from, const test::h2_request& request) {
            if (request.path != "/token") return fcm_->receive(from, request);
            auto out = access_->issue(request);
            lines_.token_request(out.status, out.problems);
            from->server().respond(request.stream, out.status, {{"content-type", "application/json; charset=utf-8"}},
                                   std::move(out.body));
        };
    }

    // The listeners report the ends of their connections first; answers that are still due are never given.
    void stop() {
        for (auto* each : {&production_, &sandbox_, &google_}) (*each)->stop();
        asio::post(io_, [this] { io_.stop(); });
    }

    options options_;
    asio::io_context io_{1};
    asio::signal_set signals_{io_, SIGTERM, SIGINT};
    lines lines_;
    folder folder_;
    tries tries_;
    apns apns_;
    std::optional<access_tokens> access_;
    std::optional<fcm> fcm_;
    std::uint64_t connections_ = 0;
    std::optional<h2_listener> production_, sandbox_, google_;
};

}  // namespace

void run(const options& wanted) {
    std::signal(SIGPIPE, SIG_IGN);  // a reader that has gone is an error like any other
    fake(wanted).serve();
}

}  // namespace veil::fake_push
