// The configuration: defaults, faults, and that .env.example says what the server's table says.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>
#include <veil/config/config.hpp>

namespace veil::config {
namespace {

using variables = std::map<std::string, std::string>;

variables complete() {
    return {{"DB_PASSWORD", "x"},
            {"EJABBERD_API_PASSWORD", "x"},
            {"JWT_SECRET", "2f7a0c51b3e94d68a1c75e20f3b98d46"},
            {"TURN_SECRET", "7b1e93c4d05f28a6e94c31b7d2f0a586"},
            {"WEBHOOK_SECRET", "x"}};
}

settings load_from(variables set) {
    return load([set = std::move(set)](const std::string& name) -> std::optional<std::string> {
        const auto it = set.find(name);
        if (it == set.end() || it->second.empty()) return std::nullopt;
        return it->second;
    });
}

std::vector<std::string> faults_of(variables set) {
    try {
        load_from(std::move(set));
        return {};
    } catch (const invalid& error) {
        return error.faults();
    }
}

TEST(config, env_example_is_the_servers_own_table) {
    std::ifstream file(VEIL_SOURCE_DIR "/.env.example");
    std::stringstream text;
    text << file.rdbuf();
    EXPECT_EQ(text.str(), env_example()) << "refresh it with: veil-api --env-example > .env.example";
}

TEST(config, the_readme_lists_every_variable_with_its_default) {
    std::ifstream file(VEIL_SOURCE_DIR "/README.md");
    std::stringstream readme;
    readme << file.rdbuf();
    std::stringstream example(env_example());
    for (std::string line; std::getline(example, line);) {
        const auto equals = line.find('=');
        if (line.starts_with("# ") || equals == std::string::npos) continue;
        const auto start = line.find_first_not_of('#');
        const auto value = line.substr(equals + 1);
        const auto row =
            "| `" + line.substr(start, equals - start) + "` | " + (value.empty() ? "" : "`" + value + "`") + " |";
        EXPECT_NE(readme.str().find(row), std::string::npos) << row;
    }
}

TEST(config, defaults_are_the_documented_ones) {
    const auto s = load_from(complete());
    EXPECT_EQ(s.api_host, "0.0.0.0");
    EXPECT_EQ(s.api_port, 8443);
    EXPECT_EQ(s.xmpp_ws_url, "wss://example.com:5280/ws");
    EXPECT_EQ(s.sip_ws_url, "wss://example.com:8089");
    EXPECT_FALSE(s.demo_pages);
    EXPECT_EQ(s.turn_uris,
              (std::vector<std::string>{"turn:example.com:3478?transport=udp", "turn:example.com:3478?transport=tcp",
                                        "turns:example.com:5349?transport=tcp"}));
    EXPECT_EQ(s.jwt_ttl.count(), 86'400);
    EXPECT_TRUE(s.warnings.empty());
}

TEST(config, all_faults_are_reported_together) {
    auto set = complete();
    set["API_PORT"] = "70000";
    set["LOG_LEVEL"] = "loud";
    set["DB_POOL_MIN"] = "20";
    set["JWT_SECRET"] = "short";
    set["XMPP_DOMAIN"] = "not a domain";
    const auto faults = faults_of(set);
    ASSERT_EQ(faults.size(), 5U);
    EXPECT_EQ(faults[0], "XMPP_DOMAIN is not a domain name");
    EXPECT_EQ(faults[1], "API_PORT is not a whole number from 0 to 65535");
}

TEST(config, weak_secrets_are_refused_unless_allowed) {
    for (const std::string weak :
         {"", "short", "change-me-change-me-change-me-change-me", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}) {
        auto set = complete();
        set["TURN_SECRET"] = weak;
        const auto faults = faults_of(set);
        ASSERT_EQ(faults.size(), 1U) << weak;
        EXPECT_TRUE(faults[0].starts_with("TURN_SECRET is ")) << faults[0];
        set["ALLOW_WEAK_SECRETS"] = "true";
        EXPECT_EQ(load_from(set).warnings.size(), 1U);
    }
}

TEST(config, a_fault_never_shows_the_value_of_a_secret) {
    auto set = complete();
    set["JWT_SECRET"] = "hunter2";
    for (const auto& fault : faults_of(set)) EXPECT_EQ(fault.find("hunter2"), std::string::npos);
}

TEST(config, lists_are_split_and_trimmed) {
    auto set = complete();
    set["CORS_ORIGINS"] = " https://a.example , ,https://b.example";
    set["RESERVED_USERNAMES"] = "Root,admin";
    const auto s = load_from(set);
    EXPECT_EQ(s.cors_origins, (std::vector<std::string>{"https://a.example", "https://b.example"}));
    EXPECT_EQ(s.reserved_usernames, (std::vector<std::string>{"root", "admin"}));
}

TEST(config, addresses_of_providers_are_host_and_port) {
    auto set = complete();
    set["APNS_HOST"] = "localhost:2197";
    const auto s = load_from(set);
    EXPECT_EQ(s.apns_host.host, "localhost");
    EXPECT_EQ(s.apns_host.port, 2197);
    EXPECT_EQ(s.fcm_host.host, "fcm.googleapis.com");
    EXPECT_EQ(s.fcm_host.port, 443);
    EXPECT_TRUE(s.fcm_token_host.host.empty());
    for (const auto* bad : {"localhost", ":443", "localhost:", "localhost:0", "localhost:65536", "localhost:x"}) {
        set["APNS_HOST"] = bad;
        EXPECT_EQ(faults_of(set).size(), 1U) << bad;
    }
}

TEST(config, rates_have_one_syntax) {
    auto set = complete();
    EXPECT_EQ(load_from(set).limit_login.count, 10);
    EXPECT_EQ(load_from(set).limit_login.per.count(), 60);
    EXPECT_EQ(load_from(set).limit_login.burst, 20);
    set["RATE_LIMIT_LOGIN"] = "3/h";
    EXPECT_EQ(load_from(set).limit_login.per.count(), 3'600);
    EXPECT_EQ(load_from(set).limit_login.burst, 3);
    set["RATE_LIMIT_LOGIN"] = "0";
    EXPECT_EQ(load_from(set).limit_login.count, 0);
    for (const auto* bad : {"off", "10", "-1/m", "0/m", "10/", "10/w", "10/m burst 20", "10/m,burst=", "10/m,burst=0",
                            "10/m,burst=5x", "10/m,20", "9999999/s"}) {
        set["RATE_LIMIT_LOGIN"] = bad;
        const auto faults = faults_of(set);
        ASSERT_EQ(faults.size(), 1U) << bad;
        EXPECT_TRUE(faults[0].starts_with("RATE_LIMIT_LOGIN is neither 0 nor a rate")) << faults[0];
    }
}

TEST(config, trusted_proxies_are_addresses_and_networks) {
    auto set = complete();
    const auto trusts = [](const settings& s, std::string_view address) {
        return std::ranges::any_of(s.trusted_proxies,
                                   [&](const auto& each) { return each.contains(*core::parse_address(address)); });
    };
    EXPECT_TRUE(trusts(load_from(set), "127.0.0.1"));
    EXPECT_TRUE(trusts(load_from(set), "::1"));
    EXPECT_FALSE(trusts(load_from(set), "127.0.0.2"));
    set["TRUSTED_PROXIES"] = "10.0.0.0/8, 2001:db8::/33";
    EXPECT_TRUE(trusts(load_from(set), "::ffff:10.255.0.1"));
    EXPECT_FALSE(trusts(load_from(set), "11.0.0.1"));
    EXPECT_TRUE(trusts(load_from(set), "2001:db8:7fff::1"));
    EXPECT_FALSE(trusts(load_from(set), "2001:db8:8000::1"));
    EXPECT_FALSE(trusts(load_from(set), "127.0.0.1"));
    set["TRUSTED_PROXIES"] = "none";
    EXPECT_TRUE(load_from(set).trusted_proxies.empty());
    for (const auto* bad : {"proxy.example", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/", "::/129", "10.0.0.0/x"}) {
        set["TRUSTED_PROXIES"] = bad;
        EXPECT_EQ(faults_of(set).size(), 1U) << bad;
    }
}

TEST(config, the_sip_websocket_follows_the_domain_or_is_given_whole) {
    auto set = complete();
    set["SIP_DOMAIN"] = "sip.example";
    EXPECT_EQ(load_from(set).sip_ws_url, "wss://sip.example:8089");
    set["SIP_WS_URL"] = "wss://edge.example/sip";
    EXPECT_EQ(load_from(set).sip_ws_url, "wss://edge.example/sip");
    set["SIP_WS_URL"] = "wss://edge.example; script-src *";
    EXPECT_EQ(faults_of(set), std::vector<std::string>{"SIP_WS_URL is not a wss:// address"});
}

// What libpq itself says of these has parts of the password in it.
TEST(config, a_database_address_that_cannot_be_read_is_not_quoted) {
    auto set = complete();
    set["DB_URL"] = "postgresql://veil:pa%20ss@db.example:5432/veil?sslmode=require";
    EXPECT_EQ(load_from(set).db_url.reveal(), set["DB_URL"]);
    for (const auto* bad : {"postgresql://veil:100%pure@db/veil", "postgresql://veil:pure/pure@db/veil", "pure",
                            "postgresql://veil:x@db:pure/veil", "host=db password=pure"}) {
        set["DB_URL"] = bad;
        EXPECT_EQ(faults_of(set), std::vector<std::string>{"DB_URL is not a postgresql:// address"}) << bad;
    }
}

TEST(config, the_ring_time_has_bounds) {
    auto set = complete();
    EXPECT_EQ(load_from(set).ring_time.count(), 30);
    for (const auto* bad : {"1", "121", "0", "-5", "30s"}) {
        set["RING_TIME"] = bad;
        EXPECT_EQ(faults_of(set).size(), 1U) << bad;
    }
}

TEST(config, draining_has_bounds_and_is_off_by_default) {
    auto set = complete();
    EXPECT_EQ(load_from(set).drain.count(), 0);
    for (const auto* bad : {"61", "-1", "3s", "0.5"}) {
        set["DRAIN_SECONDS"] = bad;
        EXPECT_EQ(faults_of(set).size(), 1U) << bad;
    }
}

}  // namespace
}  // namespace veil::config
