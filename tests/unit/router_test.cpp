// What a client sees of the router, with requests made by hand.
#include <gtest/gtest.h>

#include <support/run.hpp>
#include <veil/core/errors.hpp>
#include <veil/http/router.hpp>

namespace veil::http {
namespace {

struct text_body {
    std::string text;
    static constexpr auto fields() { return std::tuple{core::field("text", &text_body::text, {.min_length = 1})}; }
};

class echo {
 public:
    awaitable<text_body> get() { co_return text_body{"hello"}; }
    awaitable<created<text_body>> post(text_body in) { co_return created<text_body>{in}; }
    awaitable<text_body> item(path<"id"> id, path<"part"> part) { co_return text_body{id.value + "|" + part.value}; }
    awaitable<prepared_json<text_body>> fixed() { co_return prepared_json<text_body>{R"({"text":"fixed"})"}; }
    awaitable<text_body> overloaded() { throw core::overloaded("queue"); }
    awaitable<text_body> out_of_reach() { throw core::unavailable("secret cause"); }
    awaitable<text_body> too_late() { throw core::timed_out("secret cause"); }
    awaitable<text_body> nonsense() { throw core::refused("secret cause"); }
    awaitable<text_body> challenged() {
        throw core::api_error(401, "no").header("WWW-Authenticate", "A challenge longer than any short string is");
    }
    awaitable<text_body> bug() { throw std::runtime_error("secret cause"); }
};

class router_test : public testing::Test {
 protected:
    router_test() { add_routes(routes_); }

    void add_routes(router& routes) {
        routes.on("GET", "/x", echo_, &echo::get, {.id = "get", .summary = "get"});
        routes.on("POST", "/x", echo_, &echo::post, {.id = "post", .summary = "post"});
        routes.on("GET", "/free", echo_, &echo::get,
                  {.id = "free", .summary = "free", .limit = limits::route_class::unlimited});
        routes.on("POST", "/any", echo_, &echo::post, {.id = "post_any", .summary = "Echo", .accepts = body_type::any});
        routes.on("GET", "/items/{id}/parts/{part}", echo_, &echo::item, {.id = "item", .summary = "item"});
        routes.on("GET", "/fixed", echo_, &echo::fixed, {.id = "fixed", .summary = "fixed"});
        routes.on("GET", "/overloaded", echo_, &echo::overloaded, {.id = "overloaded", .summary = "overloaded"});
        routes.on("GET", "/out", echo_, &echo::out_of_reach, {.id = "out_of_reach", .summary = "out_of_reach"});
        routes.on("GET", "/late", echo_, &echo::too_late, {.id = "too_late", .summary = "too_late"});
        routes.on("GET", "/nonsense", echo_, &echo::nonsense, {.id = "nonsense", .summary = "nonsense"});
        routes.on("GET", "/challenged", echo_, &echo::challenged, {.id = "challenged", .summary = "challenged"});
        routes.on("GET", "/bug", echo_, &echo::bug, {.id = "bug", .summary = "bug"});
    }

    response ask(const std::string& method, const std::string& path, std::string body = {},
                 std::vector<std::pair<std::string, std::string>> headers = {}) {
        return ask(routes_, method, path, std::move(body), std::move(headers));
    }

    response ask(router& routes, const std::string& method, const std::string& path, std::string body = {},
                 std::vector<std::pair<std::string, std::string>> headers = {}) {
        request_ = {.method = method, .path = path, .headers = std::move(headers), .body = std::move(body)};
        return test::run(routes.handle(request_));
    }

    static std::string header(const response& r, std::string_view name) {
        for (const auto& [key, value] : r.headers)
            if (key == name) return value;
        return "absent";
    }

    echo echo_;
    router routes_;
    request request_;
};

TEST_F(router_test, answers_by_path_and_method) {
    EXPECT_EQ(ask("GET", "/x").body, R"({"text":"hello"})");
    const auto made = ask("POST", "/x", R"({"text":"a"})");
    EXPECT_EQ(made.status, 201);
    EXPECT_EQ(made.body, R"({"text":"a"})");
    EXPECT_EQ(ask("HEAD", "/x").body, R"({"text":"hello"})");  // the session leaves the body out
}

TEST_F(router_test, unknown_paths_and_methods) {
    EXPECT_EQ(ask("GET", "/nope").status, 404);
    EXPECT_EQ(ask("GET", "/nope").body, R"({"detail":"Not Found"})");
    const auto refused = ask("PUT", "/x");
    EXPECT_EQ(refused.status, 405);
    EXPECT_EQ(refused.body, R"({"detail":"Method Not Allowed"})");
    EXPECT_EQ(header(refused, "Allow"), "GET, HEAD, OPTIONS, POST");
    const auto options = ask("OPTIONS", "/x");
    EXPECT_EQ(options.status, 204);
    EXPECT_EQ(header(options, "Allow"), "GET, HEAD, OPTIONS, POST");
    EXPECT_EQ(header(options, "Access-Control-Allow-Origin"), "absent");
}

TEST_F(router_test, path_parameters_are_decoded_and_matched_by_segment) {
    EXPECT_EQ(ask("GET", "/items/a%20b/parts/c%40d%2Fe").body, R"({"text":"a b|c@d/e"})");
    EXPECT_EQ(ask("GET", "/items//parts/x").status, 404);
    EXPECT_EQ(ask("GET", "/items/%zz/parts/x").status, 404);
    EXPECT_EQ(ask("GET", "/items/%ff/parts/x").status, 404);
    EXPECT_EQ(ask("GET", "/items/%00/parts/x").status, 404);
    EXPECT_EQ(ask("GET", "/%78").status, 200);
}

TEST_F(router_test, a_trailing_slash_redirects_only_to_what_exists) {
    request_ = {.method = "POST", .path = "/x/", .query = "a=b"};
    const auto moved = test::run(routes_.handle(request_));
    EXPECT_EQ(moved.status, 307);
    EXPECT_EQ(header(moved, "Location"), "/x?a=b");
    EXPECT_EQ(ask("GET", "/nope/").status, 404);
    EXPECT_EQ(ask("GET", "/").status, 404);
    EXPECT_EQ(ask("GET", "//x").status, 404);
}

TEST_F(router_test, a_target_without_its_first_slash_is_no_path) {
    for (const auto* path : {"x", "x/", "items/1/parts/2", "items/1/parts/2/", "*", ""})
        EXPECT_EQ(ask("GET", path).status, 404) << path;
}

TEST_F(router_test, what_breaks_beneath_never_reaches_the_client) {
    EXPECT_EQ(ask("GET", "/overloaded").status, 503);
    EXPECT_EQ(header(ask("GET", "/overloaded"), "Retry-After"), "1");
    EXPECT_EQ(ask("GET", "/out").body, R"({"detail":"Service Unavailable"})");
    EXPECT_EQ(ask("GET", "/late").body, R"({"detail":"Gateway Timeout"})");
    EXPECT_EQ(ask("GET", "/nonsense").body, R"({"detail":"Bad Gateway"})");
    EXPECT_EQ(ask("GET", "/bug").status, 500);
    EXPECT_EQ(ask("GET", "/bug").body, R"({"detail":"Internal Server Error"})");
}

TEST_F(router_test, an_error_keeps_its_header) {
    EXPECT_EQ(header(ask("GET", "/challenged"), "WWW-Authenticate"), "A challenge longer than any short string is");
}

TEST_F(router_test, takes_a_proper_request_id_and_replaces_another) {
    ask("GET", "/x", {}, {{"x-request-id", "abc-1._Z"}});
    EXPECT_EQ(request_.id, "abc-1._Z");
    for (const std::string& bad : {std::string(), std::string("a b"), std::string("a\"b"), std::string(129, 'a')}) {
        ask("GET", "/x", {}, {{"X-Request-Id", bad}});
        EXPECT_EQ(request_.id.size(), 36U);
        EXPECT_NE(request_.id, bad);
    }
}

TEST_F(router_test, content_types) {
    const std::string body = R"({"text":"a"})";
    for (const std::string good : {"application/json", "Application/JSON; charset=utf-8", "application/vnd.x+json"})
        EXPECT_EQ(ask("POST", "/x", body, {{"Content-Type", good}}).status, 201) << good;
    EXPECT_EQ(ask("POST", "/x", body).status, 201);
    const auto refused = ask("POST", "/x", body, {{"Content-Type", "text/plain"}});
    EXPECT_EQ(refused.status, 422);
    EXPECT_NE(refused.body.find("model_attributes_type"), std::string::npos);
    EXPECT_EQ(ask("POST", "/any", body, {{"Content-Type", "text/plain"}}).status, 201);
}

TEST_F(router_test, only_prepared_answers_may_be_cached) {
    EXPECT_TRUE(ask("GET", "/fixed").cacheable);
    EXPECT_FALSE(ask("GET", "/x").cacheable);
    EXPECT_FALSE(ask("GET", "/nope").cacheable);
}

TEST_F(router_test, the_address_of_a_client_behind_trusted_proxies) {
    router routes(
        {.trusted_proxies = proxies({core::parse_network("10.0.0.0/8"), core::parse_network("2001:db8::1")})});
    add_routes(routes);
    const auto client = [&](const std::string& peer, std::vector<std::pair<std::string, std::string>> headers) {
        request_ = {.method = "GET", .path = "/x", .headers = std::move(headers), .peer = peer};
        test::run(routes.handle(request_));
        return request_.peer;
    };
    const std::string name = "x-forwarded-for";
    EXPECT_EQ(client("192.0.2.1", {{name, "192.0.2.9"}}), "192.0.2.1") << "nobody speaks for others unasked";
    EXPECT_EQ(client("10.0.0.1", {}), "10.0.0.1");
    EXPECT_EQ(client("10.0.0.1", {{name, "192.0.2.9"}}), "192.0.2.9");
    EXPECT_EQ(client("::ffff:10.0.0.1", {{name, "192.0.2.9"}}), "192.0.2.9");
    EXPECT_EQ(client("10.0.0.1", {{name, "203.0.113.7, 192.0.2.9 ,10.2.3.4"}}), "192.0.2.9");
    EXPECT_EQ(client("10.0.0.1", {{name, "203.0.113.7"}, {"X-Forwarded-For", "10.2.3.4"}}), "203.0.113.7");
    EXPECT_EQ(client("2001:db8::1", {{name, "2001:DB8:0::2"}}), "2001:db8::2");
    EXPECT_EQ(client("10.0.0.1", {{name, "10.2.3.4"}}), "10.2.3.4");
    for (const std::string bad : {"", "unknown", "192.0.2.9, ", "192.0.2.9, nonsense", "192.0.2.9:80", "999.1.1.1"})
        EXPECT_EQ(client("10.0.0.1", {{name, bad}}), "10.0.0.1") << bad;
    EXPECT_EQ(client("10.0.0.1", {{name, "nonsense, 192.0.2.9"}}), "192.0.2.9") << "what clients wrote does not count";
}

TEST_F(router_test, a_rate_limit_is_told_and_kept) {
    limits::gate gate({.address = {.interval = std::chrono::seconds(60), .burst = 2}});
    router routes({.cors_origins = {"*"}, .rate_limits = &gate});
    add_routes(routes);
    const std::pair<std::string, std::string> origin{"Origin", "https://x"};
    const auto first = ask(routes, "GET", "/x", {}, {origin});
    EXPECT_EQ(header(first, "RateLimit-Policy"), R"("address";q=2;w=120)");
    EXPECT_EQ(header(first, "RateLimit"), R"("address";r=1;t=60)");
    EXPECT_EQ(header(first, "Retry-After"), "absent");
    EXPECT_EQ(header(first, "Access-Control-Expose-Headers"), "X-Request-Id, Retry-After, RateLimit, RateLimit-Policy");
    EXPECT_EQ(ask(routes, "POST", "/x", "{broken").status, 422) << "what is refused for its body counts too";
    const auto refused = ask(routes, "POST", "/x", "{broken");
    EXPECT_EQ(refused.status, 429) << "and is no longer looked at";
    EXPECT_EQ(refused.body, R"({"detail":"Too Many Requests"})");
    EXPECT_EQ(header(refused, "RateLimit"), R"("address";r=0;t=60)");
    EXPECT_EQ(header(refused, "Retry-After"), "60");
    EXPECT_EQ(ask(routes, "GET", "/nope").status, 429);
    EXPECT_EQ(ask(routes, "OPTIONS", "/x").status, 204);
    EXPECT_EQ(ask(routes, "GET", "/free").status, 200);
}

TEST_F(router_test, cors_for_the_origins_that_are_named) {
    router routes({.cors_origins = {"https://app.example"}});
    add_routes(routes);
    const auto good = ask(routes, "OPTIONS", "/x", {}, {{"Origin", "https://app.example"}});
    EXPECT_EQ(header(good, "Access-Control-Allow-Origin"), "https://app.example");
    EXPECT_EQ(header(good, "Access-Control-Allow-Methods"), "GET, HEAD, OPTIONS, POST");
    EXPECT_EQ(header(good, "Vary"), "Origin");
    const auto bad = ask(routes, "GET", "/x", {}, {{"Origin", "https://evil.example"}});
    EXPECT_EQ(header(bad, "Access-Control-Allow-Origin"), "absent");
    EXPECT_EQ(bad.status, 200);
    router open({.cors_origins = {"*"}});
    add_routes(open);
    EXPECT_EQ(header(ask(open, "GET", "/bug", {}, {{"Origin", "https://x"}}), "Access-Control-Allow-Origin"), "*");
}

}  // namespace
}  // namespace veil::http
