// The HTTP/2 client over real TLS against a server that misbehaves in every way a provider does.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <optional>
#include <set>
#include <support/fake_https.hpp>
#include <support/h2_listener.hpp>
#include <support/run.hpp>
#include <thread>
#include <veil/async/pause.hpp>
#include <veil/client/http2_client.hpp>

namespace veil::client {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using std::chrono::steady_clock;
using connection = std::shared_ptr<test::h2_listener::connection>;

void respond_at_once(const connection& c, const test::h2_request& r) { c->server().respond(r.stream, 200, {}, r.path); }

// A server in a thread of its own.
class provider {
 public:
    using handler = std::function<void(const connection&, const test::h2_request&)>;

    explicit provider(handler handle, test::h2_listener_options with = {})
        : handle_(std::move(handle)), authority_(test::pem(*who_.certificate)) {
        with.opened = [this](const auto&) { ++connections_; };
        listener_.emplace(io_, who_, std::move(with), [this](const connection& c, test::h2_request r) {
            ++requests_;
            handle_(c, r);
        });
        thread_ = std::thread([this] { io_.run(); });
    }
    ~provider() {
        listener_->stop();
        thread_.join();
    }
    http2_options options() const {
        return {.host = "127.0.0.1",
                .port = listener_->port(),
                .ca_file = authority_.path(),
                .busy_silence = 200ms,
                .ping_limit = 200ms,
                .watch_interval = 20ms,
                .first_backoff = 20ms,
                .last_backoff = 100ms,
                .hurried_backoff = 50ms};
    }
    int connections() const { return connections_; }
    int requests() const { return requests_; }

 private:
    handler handle_;
    test::identity who_ = test::make_self_signed("127.0.0.1");
    test::temporary_file authority_;
    std::atomic<int> connections_{0}, requests_{0};
    asio::io_context io_;
    std::optional<test::h2_listener> listener_;
    std::thread thread_;
};

http2_deadlines within(std::chrono::milliseconds time) {
    const auto until = steady_clock::now() + time;
    return {until, until};
}

class http2_client_test : public testing::Test {
 protected:
    // Runs `story` with a started client, and stops the client after it.
    template <class F>
    void with_client(http2_options options, F story) {
        http2_client client(io_.get_executor(), std::move(options));
        client.start();
        test::run(io_, tell(client, std::move(story)));
    }
    template <class F>
    static asio::awaitable<void> tell(http2_client& client, F story) {
        std::exception_ptr failure;
        try {
            co_await story(client);
        } catch (...) {
            failure = std::current_exception();
        }
        co_await client.stop();
        if (failure) std::rethrow_exception(failure);
    }

    // Many requests at once; how each ended, by its path.
    static asio::awaitable<std::multiset<std::string>> send_all(http2_client& client, int count) {
        async::task_group group(co_await asio::this_coro::executor);
        std::multiset<std::string> ends;
        for (int i = 0; i < count; ++i) group.spawn("request", send_one(client, std::to_string(i), ends));
        co_await group.drained();
        co_return ends;
    }
    static asio::awaitable<void> send_one(http2_client& client, std::string path, std::multiset<std::string>& ends) {
        try {
            const auto answer = co_await client.send({.path = "/" + path, .headers = {}, .body = "{}"}, within(5s));
            ends.insert(answer.body);
        } catch (const std::exception& error) {
            ends.insert(error.what());
        }
    }
    static std::multiset<std::string> all_paths(int count) {
        std::multiset<std::string> paths;
        for (int i = 0; i < count; ++i) paths.insert("/" + std::to_string(i));
        return paths;
    }
    asio::io_context io_;
};

TEST_F(http2_client_test, many_requests_share_one_connection) {
    provider server(respond_at_once, {.http = {.max_streams = 10}});
    with_client(server.options(), [](http2_client& client) -> asio::awaitable<void> {
        const auto ends = co_await send_all(client, 300);
        EXPECT_EQ(ends, all_paths(300));
    });
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(http2_client_test, without_a_server_a_request_ends_in_its_time_and_says_why) {
    http2_options options;
    {
        provider gone(respond_at_once);
        options = gone.options();
        options.ca_file.clear();
    }
    with_client(options, [](http2_client& client) -> asio::awaitable<void> {
        std::string reason;
        try {
            co_await client.send({.path = "/1", .headers = {}, .body = "{}"}, within(2s));
        } catch (const not_sent& error) {
            reason = error.what();
        }
        EXPECT_TRUE(reason.contains("Connection refused")) << reason;
    });
}

TEST_F(http2_client_test, nothing_is_said_to_a_server_with_the_wrong_certificate) {
    provider server(respond_at_once);
    provider other(respond_at_once);
    auto options = server.options();
    options.ca_file = other.options().ca_file;
    with_client(options, [](http2_client& client) -> asio::awaitable<void> {
        bool refused = false;
        try {
            co_await client.send({.path = "/secret", .headers = {}, .body = "{}"}, within(2s));
        } catch (const not_sent& error) {
            refused = std::string_view(error.what()).contains("certificate");
        }
        EXPECT_TRUE(refused);
    });
    EXPECT_EQ(server.requests(), 0);
}

TEST_F(http2_client_test, a_server_without_http2_gets_no_request) {
    test::fake_https server("127.0.0.1", [](const auto&) { return test::fake_https::reply{}; });
    with_client({.host = "127.0.0.1", .port = server.port(), .ca_file = server.ca_file(), .first_backoff = 20ms},
                [](http2_client& client) -> asio::awaitable<void> {
                    bool refused = false;
                    try {
                        co_await client.send({.path = "/x", .headers = {}, .body = "{}"}, within(2s));
                    } catch (const not_sent& error) {
                        refused = std::string_view(error.what()).contains("does not speak HTTP/2");
                    }
                    EXPECT_TRUE(refused);
                });
    EXPECT_TRUE(server.requests().empty());
}

TEST_F(http2_client_test, a_goaway_amid_a_hundred_streams_loses_none) {
    std::atomic<int> seen{0};
    provider server([&](const connection& c, const test::h2_request& r) {
        if (++seen == 50) c->server().goaway(r.stream - 2);
        respond_at_once(c, r);
        if (seen >= 50 && c->number() == 1) c->finish();
    });
    with_client(server.options(), [](http2_client& client) -> asio::awaitable<void> {
        const auto ends = co_await send_all(client, 100);
        EXPECT_EQ(ends, all_paths(100));
    });
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(http2_client_test, a_connection_that_drops_breaks_its_requests_and_is_made_again) {
    std::atomic<bool> dropped{false};
    provider server([&](const connection& c, const test::h2_request& r) {
        if (!dropped.exchange(true)) return c->drop();
        respond_at_once(c, r);
    });
    with_client(server.options(), [](http2_client& client) -> asio::awaitable<void> {
        bool broke = false;
        try {
            co_await client.send({.path = "/1", .headers = {}, .body = "{}"}, within(5s));
        } catch (const not_sent&) {
        } catch (const core::unavailable&) {
            broke = true;
        }
        EXPECT_TRUE(broke);
        const auto answer = co_await client.send({.path = "/2", .headers = {}, .body = "{}"}, within(5s));
        EXPECT_EQ(answer.body, "/2");
    });
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(http2_client_test, a_server_that_falls_silent_is_found_out_by_a_ping) {
    std::atomic<bool> muted{false};
    provider server([&](const connection& c, const test::h2_request& r) {
        if (!muted.exchange(true)) return c->mute();
        respond_at_once(c, r);
    });
    with_client(server.options(), [](http2_client& client) -> asio::awaitable<void> {
        bool broke = false;
        const auto begin = steady_clock::now();
        try {
            co_await client.send({.path = "/1", .headers = {}, .body = "{}"}, within(30s));
        } catch (const core::timed_out&) {
        } catch (const core::unavailable&) {
            broke = true;
        }
        EXPECT_TRUE(broke) << "not the request's own deadline";
        EXPECT_LT(steady_clock::now() - begin, 20s);
        const auto answer = co_await client.send({.path = "/2", .headers = {}, .body = "{}"}, within(5s));
        EXPECT_EQ(answer.body, "/2");
    });
}

TEST_F(http2_client_test, a_server_that_never_speaks_after_tls_gets_no_request) {
    provider server(respond_at_once, {.mute = true});
    auto options = server.options();
    options.connect_limit = 100ms;
    with_client(options, [](http2_client& client) -> asio::awaitable<void> {
        bool refused = false;
        try {
            co_await client.send({.path = "/1", .headers = {}, .body = "{}"}, within(400ms));
        } catch (const not_sent&) {
            refused = true;
        }
        EXPECT_TRUE(refused);
    });
    EXPECT_EQ(server.requests(), 0);
}

TEST_F(http2_client_test, an_answer_that_comes_too_late_delays_nobody_else) {
    provider server([](const connection& c, const test::h2_request& r) {
        if (r.path != "/slow") respond_at_once(c, r);
    });
    auto options = server.options();
    options.ping_limit = 1s;
    with_client(options, [](http2_client& client) -> asio::awaitable<void> {
        async::task_group group(co_await asio::this_coro::executor);
        bool late = false;
        const auto slow = [&]() -> asio::awaitable<void> {
            try {
                co_await client.send({.path = "/slow", .headers = {}, .body = "{}"}, within(1500ms));
            } catch (const core::timed_out&) {
                late = true;
            }
        };
        group.spawn("slow", slow());
        const auto answer = co_await client.send({.path = "/fast", .headers = {}, .body = "{}"}, within(1400ms));
        EXPECT_EQ(answer.body, "/fast");
        EXPECT_FALSE(late);
        co_await group.drained();
        EXPECT_TRUE(late);
        const auto next = co_await client.send({.path = "/next", .headers = {}, .body = "{}"}, within(5s));
        EXPECT_EQ(next.body, "/next");
    });
    EXPECT_EQ(server.connections(), 1) << "its PINGs were answered";
}

TEST_F(http2_client_test, a_slow_answer_that_holds_the_only_stream_delays_others_for_a_moment_only) {
    connection first;
    std::int32_t slow_stream = 0;
    provider server(
        [&](const connection& c, const test::h2_request& r) {
            if (r.path == "/slow") {
                first = c;
                slow_stream = r.stream;
                return;
            }
            respond_at_once(c, r);
            first->server().respond(slow_stream, 200, {}, "/slow");
            first->flush();
            first.reset();
        },
        {.http = {.max_streams = 1}});
    auto options = server.options();
    options.stuck_limit = 50ms;
    with_client(options, [&](http2_client& client) -> asio::awaitable<void> {
        async::task_group group(co_await asio::this_coro::executor);
        std::multiset<std::string> ends;
        group.spawn("slow", send_one(client, "slow", ends));
        while (server.requests() == 0) co_await async::pause(1ms);
        group.spawn("fast", send_one(client, "fast", ends));
        co_await group.drained();
        EXPECT_EQ(ends, (std::multiset<std::string>{"/slow", "/fast"}));
    });
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(http2_client_test, a_full_queue_says_so_at_once) {
    provider server([](const connection&, const test::h2_request&) {}, {.http = {.max_streams = 1}});
    auto options = server.options();
    options.max_waiting = 5;
    options.stuck_limit = 1min;
    with_client(options, [&](http2_client& client) -> asio::awaitable<void> {
        async::task_group group(co_await asio::this_coro::executor);
        std::multiset<std::string> ends;
        group.spawn("on the wire", send_one(client, "first", ends));
        while (server.requests() == 0) co_await async::pause(1ms);
        for (int i = 0; i < 5; ++i) group.spawn("waiting", send_one(client, std::to_string(i), ends));
        group.spawn("one too many", send_one(client, "x", ends));
        while (ends.empty()) co_await async::pause(1ms);
        EXPECT_TRUE(ends.begin()->contains("too many requests wait")) << *ends.begin();
        EXPECT_EQ(ends.size(), 1U);
        co_await group.stop();
    });
}

TEST_F(http2_client_test, an_idle_connection_is_kept_alive_by_pings) {
    provider server([](const connection& c, const test::h2_request& r) {
        c->server().respond(r.stream, 200, {}, std::to_string(c->server().pings()));
    });
    auto options = server.options();
    options.idle_silence = 20ms;
    options.ping_limit = 1s;
    with_client(options, [](http2_client& client) -> asio::awaitable<void> {
        std::string pings = "0";
        for (int i = 0; i < 100 && pings == "0"; ++i) {
            co_await async::pause(100ms);
            pings = (co_await client.send({.path = "/1", .headers = {}, .body = "{}"}, within(5s))).body;
        }
        EXPECT_NE(pings, "0");
    });
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(http2_client_test, a_client_on_demand_connects_when_it_is_needed) {
    provider server(respond_at_once);
    auto lazy_options = server.options();
    lazy_options.on_demand = true;
    with_client(server.options(), [&](http2_client& eager) -> asio::awaitable<void> {
        http2_client lazy(co_await asio::this_coro::executor, lazy_options);
        lazy.start();
        co_await eager.send({.path = "/1", .headers = {}, .body = "{}"}, within(5s));
        EXPECT_EQ(server.connections(), 1);
        co_await lazy.send({.path = "/2", .headers = {}, .body = "{}"}, within(5s));
        EXPECT_EQ(server.connections(), 2);
        co_await lazy.stop();
    });
}

TEST_F(http2_client_test, renewing_takes_later_requests_to_a_new_connection) {
    provider server(respond_at_once);
    with_client(server.options(), [](http2_client& client) -> asio::awaitable<void> {
        co_await client.send({.path = "/1", .headers = {}, .body = "{}"}, within(5s));
        client.renew();
        co_await client.send({.path = "/2", .headers = {}, .body = "{}"}, within(5s));
    });
    EXPECT_EQ(server.connections(), 2);
}

TEST_F(http2_client_test, stopping_ends_what_waits) {
    provider server([](const connection&, const test::h2_request&) {});
    with_client(server.options(), [&](http2_client& client) -> asio::awaitable<void> {
        async::task_group group(co_await asio::this_coro::executor);
        std::multiset<std::string> ends;
        group.spawn("request", send_one(client, "1", ends));
        while (server.requests() == 0) co_await async::pause(5ms);
        co_await client.stop();
        co_await group.drained();
        EXPECT_EQ(ends.size(), 1U);
        EXPECT_FALSE(ends.contains("/1"));
    });
}

}  // namespace
}  // namespace veil::client
