// JIDs, UTF-8, UUIDs, addresses, and the TURN credentials of a pinned second.
#include <gtest/gtest.h>

#include <http/target.hpp>
#include <http/write.hpp>
#include <set>
#include <support/run.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/jid.hpp>
#include <veil/core/url.hpp>
#include <veil/core/utf8.hpp>
#include <veil/core/uuid.hpp>
#include <veil/server_info/service.hpp>
#include <veil/turn/service.hpp>

namespace veil {
namespace {

TEST(jid, only_bare_ones_of_the_domain) {
    EXPECT_EQ(core::bare_jid_of("Alice@Example.com", "example.com"), "alice@example.com");
    EXPECT_EQ(core::local_part("alice@example.com"), "alice");
    for (const std::string bad : {"alice", "@example.com", "alice@other.org", "alice@example.com/phone",
                                  "a lice@example.com", "al<ice@example.com", "", "alice@", "a@b@example.com"})
        EXPECT_FALSE(core::bare_jid_of(bad, "example.com")) << bad;
    EXPECT_FALSE(core::bare_jid_of(std::string(1024, 'a') + "@example.com", "example.com"));
}

TEST(utf8, well_formed_only) {
    EXPECT_TRUE(core::is_utf8("aé€😀"));
    for (const auto* bad : {"\x80", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82", "\xff"})
        EXPECT_FALSE(core::is_utf8(bad));
}

TEST(uuid, version_4_and_never_twice) {
    std::set<std::string> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto id = core::uuid4();
        ASSERT_EQ(id.size(), 36U);
        EXPECT_EQ(id[14], '4');
        EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
        EXPECT_TRUE(seen.insert(id).second);
    }
}

TEST(url, host_port_and_path) {
    const auto full = core::parse_https_url("https://ejabberd:5444/api/");
    EXPECT_EQ(full.host, "ejabberd");
    EXPECT_EQ(full.port, 5444);
    EXPECT_EQ(full.path, "/api");
    EXPECT_EQ(core::parse_https_url("https://[::1]/x").host, "::1");
    EXPECT_EQ(core::parse_https_url("https://h").port, 443);
    EXPECT_EQ(core::parse_https_url("https://veil_ejabberd_1:5444").host, "veil_ejabberd_1");
    for (const auto* bad :
         {"http://h", "https://", "https://h:x/", "https://h:99999", "https://h:0", "h:1", "https://[]", "https://::1",
          "https://user@h", "https://h?x", "https://h/a b", "https://h\r\nx: y"})
        EXPECT_THROW(core::parse_https_url(bad), std::invalid_argument) << bad;
}

TEST(url, the_origin_of_a_websocket_has_no_path) {
    EXPECT_EQ(core::wss_origin("wss://example.com:8089"), "wss://example.com:8089");
    EXPECT_EQ(core::wss_origin("wss://Edge.example/sip?a=b"), "wss://Edge.example");
    EXPECT_EQ(core::wss_origin("wss://127.0.0.1:1/"), "wss://127.0.0.1:1");
    for (const auto* bad : {"", "ws://h", "https://h", "wss://", "wss:///x", "wss://h:", "wss://h:0", "wss://h:65536",
                            "wss://h:1x", "wss://[::1]", "wss://u@h", "wss://*", "wss://h; script-src *", "wss://h,x",
                            "wss://h/ *", "wss://h/\r\nX: y", "wss://h?x"})
        EXPECT_THROW(core::wss_origin(bad), std::invalid_argument) << bad;
}

TEST(write, head_has_the_headers_of_get_and_no_body) {
    const http::response answer{.status = 200, .body = "{}"};
    std::string get;
    std::string head;
    http::append_response(get, answer, "id", http::connection::keep_alive, false);
    http::append_response(head, answer, "id", http::connection::keep_alive, true);
    EXPECT_EQ(get, head + "{}");
    EXPECT_NE(head.find("Content-Length: 2\r\n"), std::string::npos);
    EXPECT_NE(head.find("Cache-Control: no-store\r\n"), std::string::npos);
}

TEST(turn, credentials_of_a_pinned_second) {
    const test::pinned_clock clock(1'800'000'000);
    turn::service service(core::secret("north"), 600, {"turn:a:1"}, clock);
    const auto given = test::run(service.credentials({.jid = "alice@example.com"}));
    EXPECT_EQ(
        core::render(given),
        R"({"username":"1800000600:alice","password":"8ZET7dsUGGXZ8WEDxmkDf0cN13Y=","ttl":600,"uris":["turn:a:1"]})");
}

TEST(turn, without_a_secret_it_is_not_configured) {
    const test::pinned_clock clock(1'800'000'000);
    turn::service service(core::secret(), 600, {}, clock);
    try {
        test::run(service.credentials({.jid = "alice@example.com"}));
        FAIL();
    } catch (const core::api_error& error) {
        EXPECT_EQ(error.status(), 503);
        EXPECT_EQ(error.body(), R"({"detail":"TURN server not configured"})");
    }
}

}  // namespace
}  // namespace veil
