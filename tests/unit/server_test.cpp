// The server's time limits and its stop, with limits short enough for a test, over real sockets on loopback.
#include <gtest/gtest.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <support/run.hpp>
#include <veil/async/pause.hpp>
#include <veil/http/server.hpp>

namespace veil::http {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;

class slow_service {
 public:
    awaitable<response> fast() { co_return response{.body = "{}"}; }
    awaitable<response> slow() {
        ++slow_begun;
        co_await async::pause(300ms);
        co_return response{.body = R"({"slow":1})"};
    }
    // More than the buffers of a connection take.
    awaitable<response> large() {
        ++large_begun;
        co_return response{.body = std::string(32 * 1024 * 1024, ' ')};
    }
    int slow_begun = 0, large_begun = 0;
};

class server_test : public testing::Test {
 protected:
    server_test() {
        routes_.on("GET", "/fast", service_, &slow_service::fast, {.id = "fast", .summary = "fast"});
        routes_.on("GET", "/slow", service_, &slow_service::slow, {.id = "slow", .summary = "slow"});
        routes_.on("GET", "/large", service_, &slow_service::large, {.id = "large", .summary = "large"});
    }

    awaitable<asio::ip::tcp::socket> connect() {
        asio::ip::tcp::socket socket(io_);
        co_await socket.async_connect(at_, asio::use_awaitable);
        co_return socket;
    }

    // Sends the text and reads until the server closes the connection.
    awaitable<std::string> talk(std::string text) {
        auto socket = co_await connect();
        co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
        std::string seen;
        char part[1024];
        boost::system::error_code ec;
        while (!ec) {
            const auto n =
                co_await socket.async_read_some(asio::buffer(part), asio::redirect_error(asio::use_awaitable, ec));
            seen.append(part, n);
        }
        co_return seen;
    }

    // Runs a conversation against a server with these limits, and stops the server afterwards.
    std::string converse(time_limits limits, std::string text) {
        server tested(io_.get_executor(), routes_, {.limits = limits});
        at_ = tested.listen("127.0.0.1", 0);
        return test::run(io_, [&]() -> awaitable<std::string> {
            auto seen = co_await talk(std::move(text));
            co_await tested.stop(1s);
            co_return seen;
        }());
    }

    asio::io_context io_;
    asio::ip::tcp::endpoint at_;
    slow_service service_;
    router routes_;
};

TEST_F(server_test, an_idle_connection_is_closed_without_a_word_after_its_last_answer) {
    const auto seen = converse({.idle = 300ms}, "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(seen.starts_with("HTTP/1.1 200 OK\r\n"));
    EXPECT_TRUE(seen.ends_with("\r\n\r\n{}"));
    EXPECT_EQ(seen.find("HTTP/1.1 408"), std::string::npos) << "a request id may have any digits";
}

TEST_F(server_test, a_connection_that_says_nothing_is_closed_without_a_word) {
    EXPECT_EQ(converse({.head = 300ms}, ""), "");
}

TEST_F(server_test, a_slow_head_and_a_slow_body_are_answered_with_408) {
    for (const auto& text : {std::string("GET /fast HTTP/1.1\r\nHost:"),
                             std::string("POST /fast HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\n{")}) {
        const auto seen = converse({.head = 300ms, .body = 300ms}, text);
        EXPECT_TRUE(seen.starts_with("HTTP/1.1 408 Request Timeout\r\n")) << seen;
        EXPECT_TRUE(seen.ends_with(R"({"detail":"Request Timeout"})")) << seen;
        EXPECT_NE(seen.find("Connection: close\r\n"), std::string::npos);
    }
}

TEST_F(server_test, stop_closes_the_idle_and_answers_the_busy) {
    server tested(io_.get_executor(), routes_);
    at_ = tested.listen("127.0.0.1", 0);
    async::task_group group(io_.get_executor());
    std::string busy;
    std::string idle = "not closed";
    const auto ask = [&](std::string path, std::string& into) -> awaitable<void> {
        into = co_await talk("GET " + path + " HTTP/1.1\r\nHost: h\r\n\r\n");
    };
    test::run(io_, [&]() -> awaitable<void> {
        group.spawn("busy", ask("/slow", busy));
        group.spawn("idle", ask("/fast", idle));
        while (service_.slow_begun == 0 || tested.connections() < 2) co_await async::pause(1ms);
        co_await async::pause(100ms);  // the other one has its answer
        co_await tested.stop(5s);
        while (group.size() > 0) co_await async::pause(1ms);
        boost::system::error_code refused;
        asio::ip::tcp::socket late(io_);
        co_await late.async_connect(at_, asio::redirect_error(asio::use_awaitable, refused));
        EXPECT_TRUE(refused);
    }());
    EXPECT_NE(busy.find("Connection: close\r\n"), std::string::npos);
    EXPECT_TRUE(busy.ends_with(R"({"slow":1})"));
    EXPECT_TRUE(idle.ends_with("{}"));
}

TEST_F(server_test, beyond_the_bound_the_connection_that_is_idle_longest_makes_room) {
    server tested(io_.get_executor(), routes_, {.max_connections = 3});
    at_ = tested.listen("127.0.0.1", 0);
    const std::string text = "GET /fast HTTP/1.1\r\nHost: h\r\n\r\n";
    const auto ask = [&](asio::ip::tcp::socket& socket) -> awaitable<std::string> {
        co_await asio::async_write(socket, asio::buffer(text), asio::use_awaitable);
        char part[1024];
        boost::system::error_code ec;
        const auto n =
            co_await socket.async_read_some(asio::buffer(part), asio::redirect_error(asio::use_awaitable, ec));
        co_return std::string(part, n);
    };
    test::run(io_, [&]() -> awaitable<void> {
        std::vector<asio::ip::tcp::socket> all;
        for (int i = 0; i < 3; ++i) {
            all.push_back(co_await connect());
            EXPECT_TRUE((co_await ask(all.back())).ends_with("{}"));
        }
        EXPECT_TRUE((co_await ask(all[0])).ends_with("{}"));  // now the second is idle longest
        all.push_back(co_await connect());
        EXPECT_TRUE((co_await ask(all[3])).ends_with("{}"));
        EXPECT_EQ(co_await ask(all[1]), "") << "closed without a word";
        for (const int i : {0, 2, 3})
            EXPECT_TRUE((co_await ask(all[static_cast<std::size_t>(i)])).ends_with("{}")) << i;
        EXPECT_EQ(tested.connections(), 3U);
        EXPECT_EQ(tested.made_room(), 1U);
        EXPECT_EQ(tested.accepted(), 4U);
        co_await tested.stop(1s);
    }());
}

TEST_F(server_test, a_connection_waits_its_turn_when_all_are_busy) {
    server tested(io_.get_executor(), routes_, {.max_connections = 1});
    at_ = tested.listen("127.0.0.1", 0);
    async::task_group group(io_.get_executor());
    std::string busy, later;
    const auto ask = [&](std::string path, std::string& into) -> awaitable<void> {
        into = co_await talk("GET " + path + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    };
    test::run(io_, [&]() -> awaitable<void> {
        group.spawn("busy", ask("/slow", busy));
        while (service_.slow_begun == 0) co_await async::pause(1ms);
        group.spawn("later", ask("/fast", later));
        while (group.size() > 0) co_await async::pause(1ms);
        EXPECT_EQ(tested.made_room(), 0U);
        co_await tested.stop(1s);
    }());
    EXPECT_TRUE(busy.ends_with(R"({"slow":1})"));
    EXPECT_TRUE(later.ends_with("{}"));
}

TEST_F(server_test, clients_that_do_not_take_their_answers_make_room_for_others) {
    server tested(io_.get_executor(), routes_, {.max_connections = 2});
    at_ = tested.listen("127.0.0.1", 0);
    const std::string text = "GET /large HTTP/1.1\r\nHost: h\r\n\r\n";
    test::run(io_, [&]() -> awaitable<void> {
        std::vector<asio::ip::tcp::socket> greedy;
        for (int i = 0; i < 2; ++i) {
            greedy.push_back(co_await connect());
            co_await asio::async_write(greedy.back(), asio::buffer(text), asio::use_awaitable);
        }
        while (service_.large_begun < 2) co_await async::pause(1ms);
        const auto seen = co_await talk("GET /fast HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        EXPECT_TRUE(seen.ends_with("{}"));
        EXPECT_EQ(tested.made_room(), 1U);
        co_await tested.stop(0s);
    }());
}

TEST_F(server_test, only_servers_that_agree_share_a_port) {
    server first(io_.get_executor(), routes_, {.share_port = true});
    at_ = first.listen("127.0.0.1", 0);
    server second(io_.get_executor(), routes_, {.share_port = true});
    EXPECT_EQ(second.listen("127.0.0.1", at_.port()), at_);
    server third(io_.get_executor(), routes_);
    EXPECT_THROW(third.listen("127.0.0.1", at_.port()), std::runtime_error);
    test::run(io_, [&]() -> awaitable<void> {
        for (int i = 0; i < 100 && (first.accepted() == 0 || second.accepted() == 0); ++i)
            co_await talk("GET /fast HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        EXPECT_GT(first.accepted(), 0U);
        EXPECT_GT(second.accepted(), 0U);
        co_await first.stop(1s);
        co_await second.stop(1s);
        co_await third.stop(1s);
    }());
}

}  // namespace
}  // namespace veil::http
