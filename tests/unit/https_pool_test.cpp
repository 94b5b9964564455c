// The HTTPS pool against a server that misbehaves in every way a test can think of.
#include <gtest/gtest.h>

#include <atomic>
#include <support/fake_https.hpp>
#include <support/run.hpp>
#include <veil/client/https_pool.hpp>

namespace veil::client {
namespace {

using test::fake_https;
using then = fake_https::reply::then;

class https_pool_test : public testing::Test {
 protected:
    https_options options(const fake_https& server, std::string host = "127.0.0.1") {
        return {.host = std::move(host),
                .port = server.port(),
                .ca_file = server.ca_file(),
                .limit = std::chrono::milliseconds(2'000)};
    }
    answer post(https_pool& pool, bool idempotent) {
        return test::run(io_, pool.post({.path = "/x", .body = "{}", .idempotent = idempotent}));
    }
    boost::asio::io_context io_;
};

TEST_F(https_pool_test, keeps_a_connection_for_the_next_call) {
    fake_https server("127.0.0.1", [](const auto&) { return fake_https::reply{.status = 201, .body = "\"made\""}; });
    https_pool pool(io_.get_executor(), options(server));
    for (int i = 0; i < 3; ++i) {
        const auto got = post(pool, false);
        EXPECT_EQ(got.status, 201);
        EXPECT_EQ(got.body, "\"made\"");
    }
    EXPECT_EQ(server.connections(), 1);
}

TEST_F(https_pool_test, trusts_only_its_own_authority_and_only_the_right_name) {
    const auto ok = [](const auto&) { return fake_https::reply{}; };
    fake_https server("127.0.0.1", ok);
    fake_https other("127.0.0.1", ok);
    fake_https misnamed("ejabberd.example", ok);
    auto foreign = options(server);
    foreign.ca_file = other.ca_file();
    https_pool with_foreign_authority(io_.get_executor(), foreign);
    https_pool with_wrong_name(io_.get_executor(), options(misnamed));
    EXPECT_THROW(post(with_foreign_authority, true), not_sent);
    EXPECT_THROW(post(with_wrong_name, true), not_sent);
    EXPECT_TRUE(server.requests().empty());
    EXPECT_TRUE(misnamed.requests().empty());
}

TEST_F(https_pool_test, a_missing_authority_is_said_at_once) {
    EXPECT_THROW(https_pool(io_.get_executor(), {.host = "h", .ca_file = "/nonexistent/ca.pem"}), std::runtime_error);
}

TEST_F(https_pool_test, a_connection_that_dies_under_a_call_is_replaced_once_for_idempotent_calls_only) {
    int calls = 0;
    fake_https server("127.0.0.1", [&](const auto&) {
        return fake_https::reply{.body = "1", .next = ++calls % 2 == 0 ? then::say_nothing_and_close : then::keep_open};
    });
    https_pool pool(io_.get_executor(), options(server));
    EXPECT_EQ(post(pool, true).status, 200);
    EXPECT_EQ(post(pool, true).status, 200);  // the second request dies, its repetition is answered
    EXPECT_EQ(server.requests().size(), 3U);
    EXPECT_THROW(post(pool, false), core::unavailable);  // the fourth dies and is not repeated
    EXPECT_EQ(server.requests().size(), 4U);
}

TEST_F(https_pool_test, a_server_that_always_hangs_up_is_asked_once_on_a_new_connection) {
    fake_https server("127.0.0.1", [](const auto&) { return fake_https::reply{.next = then::say_nothing_and_close}; });
    https_pool pool(io_.get_executor(), options(server));
    EXPECT_THROW(post(pool, true), core::unavailable);
    EXPECT_EQ(server.requests().size(), 1U);
}

TEST_F(https_pool_test, silence_ends_in_a_time_out_and_nonsense_in_a_refusal) {
    std::atomic<then> next = then::say_nothing;  // the server may still look at it when its client has given up
    fake_https server("127.0.0.1", [&](const auto&) { return fake_https::reply{.next = next}; });
    auto short_limit = options(server);
    short_limit.limit = std::chrono::milliseconds(200);
    https_pool impatient(io_.get_executor(), short_limit);
    EXPECT_THROW(post(impatient, true), core::timed_out);
    next = then::talk_nonsense;
    https_pool pool(io_.get_executor(), options(server));
    EXPECT_THROW(post(pool, true), core::unavailable);
}

TEST_F(https_pool_test, what_cannot_be_connected_was_not_sent) {
    https_options nowhere;
    {
        fake_https server("127.0.0.1", [](const auto&) { return fake_https::reply{}; });
        nowhere = options(server);
        https_pool works(io_.get_executor(), nowhere);
        EXPECT_EQ(post(works, false).status, 200);
        nowhere.port = 1;  // nobody listens on tcpmux
        https_pool pool(io_.get_executor(), nowhere);
        EXPECT_THROW(post(pool, false), not_sent);
    }
}

}  // namespace
}  // namespace veil::client
