// The HTTP/2 client against a server session in memory: bytes go to and fro, no socket, no time.
#include <gtest/gtest.h>

#include <client/http2_core.hpp>
#include <map>
#include <support/h2_server.hpp>

namespace veil {
namespace {

using client::http2_core;
using client::http2_end;
using enum client::http2_end::kind;

client::http2_request push_to(std::string path, std::string body = "{}") {
    return {.path = std::move(path), .headers = {{"apns-topic", "com.example.veil.voip"}}, .body = std::move(body)};
}

// A client, a server, and what came of each request.
struct pair_of_peers {
    explicit pair_of_peers(const test::h2_server_options& options = {})
        : server(options, [this](test::h2_request r) { seen.push_back(std::move(r)); }) {}

    // Lets both speak until they have nothing more to say.
    void talk() {
        while (true) {
            const std::string up(client.take());
            const auto down = (server.feed(up), server.take());
            if (up.empty() && down.empty()) return;
            client.feed(down);
        }
    }

    http2_core::stream_id submit(const client::http2_request& request) {
        const auto id =
            client.submit(request, request.body, [this, n = submitted](http2_end end) { ends[n] = std::move(end); });
        ++submitted;
        return id;
    }

    http2_core client{"api.example.com"};
    std::vector<test::h2_request> seen;
    std::map<int, http2_end> ends;
    int submitted = 0;
    test::h2_server server;
};

TEST(http2_core, carries_a_request_and_its_answer) {
    pair_of_peers p;
    EXPECT_FALSE(p.client.accepts()) << "before the server's SETTINGS";
    p.talk();
    ASSERT_TRUE(p.client.accepts());
    const auto request = push_to("/3/device/abc", R"({"call_id":"1"})");
    p.submit(request);
    p.talk();
    ASSERT_EQ(p.seen.size(), 1U);
    EXPECT_EQ(p.seen[0].method, "POST");
    EXPECT_EQ(p.seen[0].path, "/3/device/abc");
    EXPECT_EQ(p.seen[0].header("apns-topic"), "com.example.veil.voip");
    EXPECT_EQ(p.seen[0].body, R"({"call_id":"1"})");
    p.server.respond(p.seen[0].stream, 410, {{"apns-id", "x"}}, R"({"reason":"Unregistered"})");
    p.talk();
    ASSERT_EQ(p.ends.at(0).what, answered);
    EXPECT_EQ(p.ends.at(0).answer.status, 410);
    EXPECT_EQ(p.ends.at(0).answer.header("apns-id"), "x");
    EXPECT_EQ(p.ends.at(0).answer.body, R"({"reason":"Unregistered"})");
    EXPECT_EQ(p.client.in_flight(), 0U);
}

TEST(http2_core, keeps_to_the_servers_stream_limit_and_to_a_smaller_one_later) {
    pair_of_peers p({.max_streams = 2});
    p.talk();
    const auto request = push_to("/3/device/abc");
    p.submit(request);
    EXPECT_TRUE(p.client.accepts());
    p.submit(request);
    EXPECT_FALSE(p.client.accepts());
    p.talk();
    p.server.set_max_streams(1);
    p.talk();
    p.server.respond(p.seen[0].stream, 200);
    p.talk();
    EXPECT_EQ(p.ends.at(0).what, answered);
    EXPECT_FALSE(p.client.accepts()) << "one stream is still open, and only one is allowed now";
    p.server.respond(p.seen[1].stream, 200);
    p.talk();
    EXPECT_TRUE(p.client.accepts());
    p.server.set_max_streams(50);
    p.talk();
    for (int i = 0; i < 50; ++i) p.submit(request);
    EXPECT_FALSE(p.client.accepts());
    p.talk();
    EXPECT_EQ(p.server.peak_streams(), 50U);
}

TEST(http2_core, tells_streams_above_a_goaway_from_those_below_it) {
    pair_of_peers p;
    p.talk();
    const auto request = push_to("/3/device/abc");
    for (int i = 0; i < 3; ++i) p.submit(request);
    p.talk();
    p.server.goaway(p.seen[0].stream);
    p.talk();
    EXPECT_TRUE(p.client.draining());
    EXPECT_FALSE(p.client.accepts());
    EXPECT_EQ(p.ends.at(1).what, refused);
    EXPECT_EQ(p.ends.at(2).what, refused);
    EXPECT_FALSE(p.ends.contains(0));
    p.server.respond(p.seen[0].stream, 200);
    p.talk();
    EXPECT_EQ(p.ends.at(0).what, answered);
}

TEST(http2_core, an_announced_goaway_takes_no_new_streams_but_keeps_all_old_ones) {
    pair_of_peers p;
    p.talk();
    const auto request = push_to("/3/device/abc");
    p.submit(request);
    p.talk();
    p.server.goaway(INT32_MAX);
    p.talk();
    EXPECT_FALSE(p.client.accepts());
    EXPECT_TRUE(p.ends.empty());
    p.server.respond(p.seen[0].stream, 200);
    p.talk();
    EXPECT_EQ(p.ends.at(0).what, answered);
    EXPECT_FALSE(p.client.broken());
}

TEST(http2_core, a_refused_stream_did_nothing_and_a_reset_one_may_have) {
    pair_of_peers p;
    p.talk();
    const auto request = push_to("/3/device/abc");
    p.submit(request);
    p.submit(request);
    p.talk();
    p.server.reset(p.seen[0].stream, NGHTTP2_REFUSED_STREAM);
    p.server.reset(p.seen[1].stream, NGHTTP2_INTERNAL_ERROR);
    p.talk();
    EXPECT_EQ(p.ends.at(0).what, refused);
    EXPECT_EQ(p.ends.at(1).what, broken);
}

TEST(http2_core, waits_for_the_servers_window_and_gives_back_its_own) {
    pair_of_peers p({.initial_window = 10, .window_updates = false});
    p.talk();
    const auto request = push_to("/3/device/abc", std::string(25, 'x'));
    p.submit(request);
    p.talk();
    EXPECT_TRUE(p.seen.empty()) << "ten bytes fit, the rest must wait";
    p.server.open_window(1, 10);
    p.talk();
    EXPECT_TRUE(p.seen.empty());
    p.server.open_window(1, 10);
    p.talk();
    ASSERT_EQ(p.seen.size(), 1U);
    EXPECT_EQ(p.seen[0].body.size(), 25U);
    // Together more than the 65,535 bytes that the connection begins with.
    p.server.respond(p.seen[0].stream, 200, {}, std::string(60'000, 'y'));
    p.talk();
    const auto second = push_to("/3/device/abc", "");
    p.submit(second);
    p.talk();
    p.server.respond(p.seen[1].stream, 200, {}, std::string(60'000, 'z'));
    p.talk();
    EXPECT_EQ(p.ends.at(0).answer.body.size(), 60'000U);
    EXPECT_EQ(p.ends.at(1).answer.body.size(), 60'000U);
}

TEST(http2_core, an_endless_answer_is_cut_off) {
    pair_of_peers p;
    p.talk();
    const auto request = push_to("/3/device/abc");
    p.submit(request);
    p.talk();
    p.server.respond(p.seen[0].stream, 200, {}, std::string(1'000'000, 'y'));
    p.talk();
    EXPECT_EQ(p.ends.at(0).what, broken);
    p.submit(request);
    p.talk();
    p.server.respond(p.seen[1].stream, 200);
    p.talk();
    EXPECT_EQ(p.ends.at(1).what, answered) << "the connection goes on";
}

TEST(http2_core, a_cancelled_stream_is_reset_and_never_heard_of_again) {
    pair_of_peers p;
    p.talk();
    const auto request = push_to("/3/device/abc");
    const auto on_the_wire = p.submit(request);
    p.talk();
    const auto not_yet = p.submit(request);
    p.client.cancel(on_the_wire);
    p.client.cancel(not_yet);
    p.talk();
    p.server.respond(p.seen[0].stream, 200);
    p.talk();
    EXPECT_TRUE(p.ends.empty());
    EXPECT_EQ(p.client.in_flight(), 0U);
    EXPECT_EQ(p.server.open_streams(), 0U);
    EXPECT_EQ(p.seen.size(), 1U);
}

TEST(http2_core, a_lost_connection_breaks_what_was_in_flight) {
    pair_of_peers p;
    p.talk();
    const auto request = push_to("/3/device/abc");
    p.submit(request);
    p.submit(request);
    p.talk();
    p.client.abandon();
    EXPECT_EQ(p.ends.at(0).what, broken);
    EXPECT_EQ(p.ends.at(1).what, broken);
    EXPECT_EQ(p.client.in_flight(), 0U);
}

TEST(http2_core, bytes_that_are_no_http2_end_the_connection) {
    http2_core client("api.example.com");
    client.feed("HTTP/1.1 400 Bad Request\r\n\r\n");
    EXPECT_FALSE(client.take().empty()) << "the server is told";
    EXPECT_TRUE(client.take().empty());
    EXPECT_TRUE(client.broken());
}

TEST(http2_core, a_ping_is_answered_by_the_server) {
    pair_of_peers p;
    p.talk();
    p.client.ping();
    p.talk();
    EXPECT_EQ(p.server.pings(), 1U);
}

TEST(http2_core, a_device_token_gets_no_place_in_the_header_table_and_a_topic_does) {
    pair_of_peers p;
    p.talk();
    const std::string token(64, 'X');  // eight bits each, in Huffman's code too
    const auto request = push_to("/3/device/" + token);
    p.submit(request);
    const auto first = p.client.take().size();
    p.submit(request);
    const auto second = p.client.take().size();
    EXPECT_GT(second, token.size());
    EXPECT_LT(second + 10, first);
}

}  // namespace
}  // namespace veil
