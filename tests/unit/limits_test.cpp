// Rates and bursts, the table of buckets under a flood, addresses, and what a client is told.
#include <gtest/gtest.h>

#include <limits/siphash.hpp>
#include <veil/limits/buckets.hpp>
#include <veil/limits/gate.hpp>

namespace veil::limits {
namespace {

using namespace std::chrono_literals;
using std::chrono::microseconds;

constexpr rule ten_a_minute{.interval = 6s, .burst = 3};
constexpr microseconds begin = 1'000s;

TEST(limits, a_burst_passes_and_the_rate_sets_the_pace_after_it) {
    buckets all;
    const auto ask = [&](microseconds at) { return all.take("p", ten_a_minute, "somebody", at); };
    for (std::int64_t left : {2, 1, 0}) {
        const auto said = ask(begin);
        EXPECT_TRUE(said.allowed);
        EXPECT_EQ(said.remaining, left);
    }
    const auto late = ask(begin + 1s);
    EXPECT_FALSE(late.allowed);
    EXPECT_EQ(late.seconds, 5);
    EXPECT_FALSE(ask(begin + 5'999'999us).allowed);
    EXPECT_TRUE(ask(begin + 6s).allowed) << "what was refused has cost nothing";
    EXPECT_FALSE(ask(begin + 6s).allowed);
    EXPECT_EQ(ask(begin + 60s).remaining, 2) << "more than the burst is never saved up";
}

TEST(limits, keys_do_not_share_a_bucket) {
    buckets all;
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(all.take("p", ten_a_minute, "a", begin).allowed);
    EXPECT_FALSE(all.take("p", ten_a_minute, "a", begin).allowed);
    EXPECT_TRUE(all.take("p", ten_a_minute, "b", begin).allowed);
}

TEST(limits, a_million_addresses_are_told_apart_in_64_bytes_each) {
    static_assert(buckets::size_bytes() <= 64'000'000);
    constexpr int addresses = 1'000'000, sampled = 1'000;
    constexpr rule once{.interval = 3'600s, .burst = 1};
    buckets all;
    const auto ask = [&](int n) { return all.take("p", once, "address " + std::to_string(n), begin).allowed; };
    int refused_anew = 0;
    for (int n = 0; n < addresses; ++n) refused_anew += ask(n) ? 0 : 1;
    EXPECT_EQ(refused_anew, 0);
    int known = 0;
    for (int n = 0; n < addresses; n += addresses / sampled) known += ask(n) ? 0 : 1;
    EXPECT_GE(known, sampled * 99 / 100);
}

TEST(limits, a_flood_of_new_addresses_neither_locks_out_nor_frees_whom_it_should_not) {
    constexpr rule often{.interval = 1s, .burst = 100};
    buckets all;
    for (int i = 0; i < 100; ++i) ASSERT_TRUE(all.take("p", often, "abuser", begin).allowed);
    for (std::size_t n = 0; n < buckets::capacity * 5 / 4; ++n)
        ASSERT_TRUE(all.take("p", often, "flood " + std::to_string(n), begin).allowed);
    EXPECT_FALSE(all.take("p", often, "abuser", begin).allowed) << "he is forgotten last, not first";
    EXPECT_TRUE(all.take("p", often, "newcomer", begin).allowed);
}

TEST(limits, the_hash_is_siphash_2_4) {
    std::string data;
    for (char c = 0; c < 15; ++c) data += c;
    EXPECT_EQ(siphash({0x0706050403020100, 0x0f0e0d0c0b0a0908}, data), 0xa129ca6149be45e5);  // its authors' example
}

TEST(limits, an_address_counts_by_its_network) {
    EXPECT_NE(network_of("192.0.2.1"), network_of("192.0.2.2"));
    EXPECT_EQ(network_of("192.0.2.1"), network_of("::ffff:192.0.2.1"));
    EXPECT_EQ(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:2:ffff::9"));
    EXPECT_NE(network_of("2001:db8:1:2::1"), network_of("2001:db8:1:3::1"));
}

TEST(limits, each_class_has_its_own_key_and_bucket) {
    gate at({.account = ten_a_minute, .address = ten_a_minute, .login = ten_a_minute});
    const auto refused_after = [&](route_class of, std::string_view address, std::string_view account) {
        int allowed = 0;
        while (at.take(of, address, account)->allowed) ++allowed;
        return allowed;
    };
    using enum route_class;
    EXPECT_EQ(refused_after(usual, "192.0.2.1", ""), 3);
    EXPECT_EQ(refused_after(usual, "192.0.2.1", "alice@example.com"), 3);
    EXPECT_EQ(refused_after(usual, "192.0.2.9", "alice@example.com"), 0) << "an account is one wherever it is";
    EXPECT_EQ(refused_after(usual, "192.0.2.1", "bob@example.com"), 3);
    EXPECT_EQ(refused_after(login, "192.0.2.1", "alice@example.com"), 3);
    EXPECT_EQ(refused_after(login, "192.0.2.1", "bob@example.com"), 0) << "passwords are counted by address";
    EXPECT_EQ(refused_after(login, "2001:db8::1", ""), 3);
    EXPECT_EQ(refused_after(login, "2001:db8::2", ""), 0);
    EXPECT_FALSE(at.take(unlimited, "192.0.2.1", "").has_value());
    EXPECT_FALSE(at.take(registration, "192.0.2.1", "").has_value()) << "its rule is off";
    EXPECT_EQ(at.refused(), 8U);
}

TEST(limits, the_headers_are_structured_fields_of_the_draft) {
    const auto first = taken("login", ten_a_minute, 6s);
    EXPECT_EQ(policy_field(first), R"("login";q=3;w=18)");
    EXPECT_EQ(limit_field(first), R"("login";r=2;t=6)");
    EXPECT_EQ(limit_field(taken("login", ten_a_minute, 18s)), R"("login";r=0;t=6)");
    EXPECT_EQ(limit_field(refused("login", ten_a_minute, 4s)), R"("login";r=0;t=4)");
    EXPECT_EQ(whole_seconds(1us), 1s);
    EXPECT_EQ(whole_seconds(0us), 1s);
}

}  // namespace

}  // namespace veil::limits
