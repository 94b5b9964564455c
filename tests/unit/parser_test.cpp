// HTTP/1.1 requests from bytes: what is understood, what is refused with which status.
#include <gtest/gtest.h>

#include <http/parser.hpp>

namespace veil::http {
namespace {

struct parsed {
    request r;
    int error = 0;
    bool done = false;
    std::size_t used = 0;
};

// Feeds the bytes in pieces of `step`.
parsed parse(std::string_view bytes, std::size_t step = SIZE_MAX) {
    parsed out;
    parser p(out.r);
    std::string pending;
    while (!p.done() && p.error() == 0 && (!bytes.empty() || !pending.empty())) {
        const auto part = bytes.substr(0, step);
        pending += part;
        bytes.remove_prefix(part.size());
        const auto used = p.feed(pending);
        pending.erase(0, used);
        out.used += used;
        if (part.empty()) break;
    }
    out.error = p.error();
    out.done = p.done();
    return out;
}

TEST(parser, understands_a_request_however_it_is_cut) {
    const std::string text =
        "POST /api/v1/x?a=b HTTP/1.1\r\nHost: h\r\nX-Request-Id: 7\r\nContent-Length: 5\r\n\r\nhello";
    for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, text.size()}) {
        const auto got = parse(text, step);
        ASSERT_TRUE(got.done) << step;
        EXPECT_EQ(got.r.method, "POST");
        EXPECT_EQ(got.r.path, "/api/v1/x");
        EXPECT_EQ(got.r.query, "a=b");
        EXPECT_EQ(got.r.header("x-request-id"), "7");
        EXPECT_EQ(got.r.body, "hello");
    }
}

TEST(parser, leaves_the_next_request_of_a_pipeline_alone) {
    const std::string first = "GET /a HTTP/1.1\r\nHost: h\r\n\r\n";
    const auto got = parse(first + "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    EXPECT_TRUE(got.done);
    EXPECT_EQ(got.r.path, "/a");
    EXPECT_EQ(got.used, first.size());
}

TEST(parser, reads_chunks) {
    const auto got = parse(
        "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: v\r\n\r\n",
        3);
    ASSERT_TRUE(got.done);
    EXPECT_EQ(got.r.body, "abcde");
}

TEST(parser, a_trailer_does_not_pass_for_a_header) {
    const auto got =
        parse("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nAuthorization: Bearer x\r\n\r\n");
    EXPECT_TRUE(got.done);
    EXPECT_EQ(got.r.header("Authorization"), "");
}

TEST(parser, a_chunk_extension_or_a_trailer_without_end_is_refused) {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    EXPECT_EQ(parse(head + "1;" + std::string(40'000, 'a'), 4096).error, 431);
    EXPECT_EQ(parse(head + "0\r\nX: " + std::string(40'000, 'a'), 4096).error, 431);
}

TEST(parser, reads_chunks_however_they_are_cut) {
    const std::string head = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (std::size_t step = 1; step < 12; ++step) {
        EXPECT_TRUE(parse(head + "0\r\n\r\n", step).done) << step;
        EXPECT_EQ(parse(head + "2\r\nab\r\n0\r\n\r\n", step).r.body, "ab") << step;
        EXPECT_EQ(parse(head + "0\r\nabc\r\n0\r\n\r\n", step).error, 400) << step;
    }
}

TEST(parser, takes_the_path_from_an_absolute_target_and_ignores_an_empty_line_before_it) {
    EXPECT_EQ(parse("\r\nGET http://other/x?y=1 HTTP/1.1\r\nHost: h\r\n\r\n").r.path, "/x");
    EXPECT_EQ(parse("GET http://other HTTP/1.1\r\nHost: h\r\n\r\n").r.path, "/");
}

TEST(parser, wants_exactly_one_host_from_http_1_1) {
    EXPECT_EQ(parse("GET / HTTP/1.1\r\n\r\n").error, 400);
    EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n").error, 400);
    EXPECT_TRUE(parse("GET / HTTP/1.0\r\n\r\n").done);
}

TEST(parser, refuses_what_smuggles_requests) {
    const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
    EXPECT_EQ(parse(post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").error, 400);
    EXPECT_EQ(parse(post + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n").error, 400);
    EXPECT_EQ(parse(post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd").error, 400);
    EXPECT_EQ(parse(post + "Content-Length: -1\r\n\r\n").error, 400);
    EXPECT_EQ(parse(post + "Transfer-Encoding: gzip\r\n\r\n").error, 400);
    EXPECT_EQ(parse(post + "Transfer-Encoding: chunked, gzip\r\n\r\n").error, 400);
    EXPECT_EQ(parse(post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n").error, 400);
    EXPECT_EQ(parse(post + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n0\r\n\r\n").error, 400);
    EXPECT_EQ(parse(post + "Content-Length : 3\r\n\r\nabc").error, 400);
}

TEST(parser, refuses_what_is_not_http_1) {
    EXPECT_EQ(parse("hello\r\n\r\n").error, 400);
    EXPECT_EQ(parse("GET / HTTP/2.0\r\nHost: h\r\n\r\n").error, 400);
    EXPECT_EQ(parse(std::string("GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n", 29)).error, 400);
}

TEST(parser, limits_head_and_body) {
    EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: h\r\nX: " + std::string(17'000, 'a') + "\r\n\r\n", 4096).error, 431);
    EXPECT_EQ(parse("GET /" + std::string(17'000, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n", 4096).error, 431);
    std::string many = "GET / HTTP/1.1\r\nHost: h\r\n";
    for (int i = 0; i < 2'000; ++i) many += "X-Y: abcd\r\n";
    EXPECT_EQ(parse(many + "\r\n").error, 431);
    const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";
    EXPECT_EQ(parse(post + "Content-Length: 65537\r\n\r\n").error, 413);
    EXPECT_TRUE(parse(post + "Content-Length: 65536\r\n\r\n" + std::string(65'536, 'a'), 9999).done);
    EXPECT_EQ(parse(post + "Transfer-Encoding: chunked\r\n\r\n10001\r\n" + std::string(65'537, 'a'), 9999).error, 413);
}

}  // namespace
}  // namespace veil::http
