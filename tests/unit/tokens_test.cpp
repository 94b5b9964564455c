// The contract's table of tokens (section 2), against a clock that stands still.
#include <gtest/gtest.h>

#include <support/run.hpp>
#include <veil/auth/tokens.hpp>
#include <veil/core/errors.hpp>
#include <veil/crypto/encoding.hpp>

namespace veil::auth {
namespace {

constexpr std::int64_t now = 1'800'000'000;
constexpr auto key = "0123456789abcdef0123456789abcdef";

class tokens_test : public testing::Test {
 protected:
    std::string refusal(std::string_view authorization) {
        try {
            tokens_.authenticate(authorization);
        } catch (const core::api_error& error) {
            EXPECT_EQ(error.status(), 401);
            EXPECT_EQ(error.extra_header().first, "WWW-Authenticate");
            challenge_ = error.extra_header().second;
            return error.body();
        }
        return "accepted";
    }

    static std::string made(std::string_view header, std::string_view claims,
                            crypto::hash hash = crypto::hash::sha256) {
        auto text = crypto::base64url(header) + "." + crypto::base64url(claims);
        return text + "." + crypto::base64url(crypto::hmac(hash, core::secret(key)).sign(text));
    }

    std::string refused_claims(const std::string& claims) {
        return refusal("Bearer " + made(R"({"alg":"HS256","typ":"JWT"})", claims));
    }

    static constexpr auto invalid = R"({"detail":"Invalid token"})";
    test::pinned_clock clock_{now};
    db::pool unused_{
        {.dsn = core::secret("host=127.0.0.1 port=1 connect_timeout=1"), .min_connections = 0, .max_connections = 1}};
    revocations revoked_{unused_, clock_};
    tokens tokens_{{.secret = core::secret(key), .domain = "example.com", .lifetime = 86'400}, clock_, revoked_};
    std::string challenge_;
};

TEST_F(tokens_test, what_it_issues_it_accepts_until_it_expires) {
    const auto header = "bearer " + tokens_.issue("alice@example.com").reveal();
    EXPECT_EQ(tokens_.authenticate(header).jid, "alice@example.com");
    EXPECT_EQ(tokens_.authenticate(header).expires_at, now + 86'400);
    clock_.set(now + 86'399);
    EXPECT_EQ(refusal(header), "accepted");
    clock_.set(now + 86'400);
    EXPECT_EQ(refusal(header), R"({"detail":"Token has expired"})");
    EXPECT_EQ(challenge_, R"(Bearer error="invalid_token")");
}

TEST_F(tokens_test, without_a_token_or_with_another_scheme) {
    for (const auto* header : {"", "Bearer", "Bearer ", "Basic"})
        EXPECT_EQ(refusal(header), R"({"detail":"Not authenticated"})");
    EXPECT_EQ(challenge_, "Bearer");
    EXPECT_EQ(refusal("Basic dXNlcjpwdw=="), R"({"detail":"Invalid authentication credentials"})");
    EXPECT_EQ(challenge_, "Bearer");
}

TEST_F(tokens_test, old_tokens_carry_only_sub_and_exp) {
    EXPECT_EQ(refused_claims(R"({"sub":"bob@example.com","exp":1800000001})"), "accepted");
    EXPECT_EQ(refusal("Bearer " + made(R"({"typ":"JWT","alg":"HS256","kid":"x"})",
                                       R"({"sub":"bob@example.com","exp":1800000001.5})")),
              "accepted");
}

TEST_F(tokens_test, missing_claims) {
    EXPECT_EQ(refused_claims(R"({"exp":1900000000})"), R"({"detail":"Token missing sub claim"})");
    EXPECT_EQ(refused_claims(R"({"sub":"","exp":1900000000})"), R"({"detail":"Token missing sub claim"})");
    EXPECT_EQ(refused_claims(R"({"sub":"bob@example.com"})"), invalid);
    EXPECT_EQ(refused_claims(R"({"sub":"bob@example.com","exp":"1900000000"})"), invalid);
}

TEST_F(tokens_test, claims_that_make_no_sense) {
    for (const std::string sub : {R"("bob")", R"("bob@other.org")", R"("@example.com")", R"("bob@example.com/phone")",
                                  R"("b b@example.com")", "5"})
        EXPECT_EQ(refused_claims(R"({"exp":1900000000,"sub":)" + sub + "}"), invalid) << sub;
    EXPECT_EQ(refused_claims(R"({"sub":"bob@example.com","exp":1900000000,"aud":"x"})"), invalid);
    EXPECT_EQ(refused_claims(R"({"sub":"bob@example.com","exp":1900000000,"iat":1800000061})"), invalid);
    EXPECT_EQ(refused_claims(R"({"sub":"bob@example.com","exp":1900000000,"nbf":1800000061})"), invalid);
    EXPECT_EQ(refused_claims(R"({"sub":"bob@example.com","exp":1900000000,"iat":1800000060,"nbf":1800000060})"),
              "accepted");
    EXPECT_EQ(refused_claims("[]"), invalid);
    EXPECT_EQ(refused_claims("not json"), invalid);
}

TEST_F(tokens_test, the_algorithm_is_never_the_tokens_choice) {
    const std::string claims = R"({"sub":"bob@example.com","exp":1900000000})";
    for (const auto* header : {R"({"alg":"none"})", R"({"alg":"RS256"})", R"({"alg":"HS512"})", R"({"alg":"hs256"})",
                               "{}", R"({"alg":"HS256","crit":["b64"],"b64":false})"})
        EXPECT_EQ(refusal("Bearer " + made(header, claims)), invalid) << header;
    EXPECT_EQ(refusal("Bearer " + made(R"({"alg":"HS256"})", claims, crypto::hash::sha1)), invalid);
    const auto unsigned_token =
        crypto::base64url(R"({"alg":"HS256","typ":"JWT"})") + "." + crypto::base64url(claims) + ".";
    EXPECT_EQ(refusal("Bearer " + unsigned_token), invalid);
}

TEST_F(tokens_test, not_three_parts_or_too_long) {
    for (const auto* text : {"a", "a.b", "a.b.c.d", "..", "a b c"})
        EXPECT_EQ(refusal(std::string("Bearer ") + text), invalid);
    const auto long_claim = R"({"sub":"bob@example.com","exp":1900000000,"x":")" + std::string(4096, 'x') + "\"}";
    EXPECT_EQ(refused_claims(long_claim), invalid);
}

TEST_F(tokens_test, a_changed_signature_in_any_spelling_is_no_other_token) {
    auto token = tokens_.issue("alice@example.com").reveal();
    // The last character holds two spare bits: a lenient decoder would accept three more spellings of this token.
    const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    int accepted = 0;
    for (const char c : alphabet) {
        token.back() = c;
        accepted += refusal("Bearer " + token) == "accepted" ? 1 : 0;
    }
    EXPECT_EQ(accepted, 1);
}

TEST_F(tokens_test, a_cutoff_revokes_what_was_issued_until_then_and_old_tokens_without_a_date) {
    const auto before = "Bearer " + tokens_.issue("alice@example.com").reveal();
    revoked_.apply_notification(R"({"jid":"alice@example.com","not_before":1800000001})");
    EXPECT_EQ(refusal(before), R"({"detail":"Token has been revoked"})");
    EXPECT_EQ(refused_claims(R"({"sub":"alice@example.com","exp":1900000000})"),
              R"({"detail":"Token has been revoked"})");
    EXPECT_EQ(refused_claims(R"({"sub":"bob@example.com","exp":1900000000})"), "accepted");
    EXPECT_EQ(refusal("Bearer " + tokens_.issue("alice@example.com", 1'800'000'001).reveal()), "accepted");
}

TEST_F(tokens_test, a_cutoff_that_lies_ahead_keeps_nobody_out) {
    constexpr auto ahead = now + 3600;
    revoked_.apply_cutoff("alice@example.com", ahead);
    EXPECT_EQ(refusal("Bearer " + tokens_.issue("alice@example.com", ahead).reveal()), "accepted");
    EXPECT_EQ(refusal("Bearer " + tokens_.issue("alice@example.com", ahead - 1).reveal()),
              R"({"detail":"Token has been revoked"})");
    EXPECT_EQ(refusal("Bearer " + tokens_.issue("alice@example.com", ahead + 1).reveal()), invalid);
    EXPECT_EQ(refusal("Bearer " + tokens_.issue("bob@example.com", ahead).reveal()), invalid);
}

TEST_F(tokens_test, what_was_issued_before_the_clock_was_set_back_is_remembered) {
    EXPECT_EQ(revoked_.latest_issue(), now);
    clock_.set(now + 3600);
    tokens_.issue("alice@example.com");
    clock_.set(now);
    EXPECT_EQ(revoked_.latest_issue(), now + 3600);
    clock_.set(now + 3601);
    EXPECT_EQ(revoked_.latest_issue(), now + 3601);
    tokens_.issue("alice@example.com", now + 9000);  // dated ahead by a cutoff, which covers it
    EXPECT_EQ(revoked_.latest_issue(), now + 3601);
}

TEST_F(tokens_test, a_logged_out_token_is_revoked_and_its_sibling_is_not) {
    const auto first = "Bearer " + tokens_.issue("alice@example.com").reveal();
    const auto second = "Bearer " + tokens_.issue("alice@example.com").reveal();
    const auto id = tokens_.authenticate(first).token_id;
    revoked_.apply_notification(R"({"token_id":")" + id + R"(","expires_at":1900000000})");
    EXPECT_EQ(refusal(first), R"({"detail":"Token has been revoked"})");
    EXPECT_EQ(refusal(second), "accepted");
    revoked_.apply_notification("nonsense");
    EXPECT_EQ(refusal(second), "accepted");
}

constexpr auto next_key = "fedcba9876543210fedcba9876543210";

TEST_F(tokens_test, what_the_secret_before_has_signed_is_accepted_until_it_expires) {
    const auto old = "Bearer " + tokens_.issue("alice@example.com").reveal();
    tokens_.replace({core::secret(next_key), core::secret(key)});
    EXPECT_EQ(tokens_.authenticate(old).jid, "alice@example.com");
    clock_.set(now + 86'400);
    EXPECT_EQ(refusal(old), R"({"detail":"Token has expired"})");
    clock_.set(now);
    tokens_.replace(core::secret(next_key));
    EXPECT_EQ(refusal(old), invalid);
}

TEST_F(tokens_test, only_the_new_secret_signs) {
    tokens_.replace({core::secret(next_key), core::secret(key)});
    const auto fresh = "Bearer " + tokens_.issue("alice@example.com").reveal();
    EXPECT_EQ(refusal(fresh), "accepted");
    tokens_.replace(core::secret(key));
    EXPECT_EQ(refusal(fresh), invalid);
    tokens_.replace({core::secret(key), core::secret(next_key)});
    EXPECT_EQ(refusal(fresh), "accepted") << "another process may have gone over to it already";
}

TEST_F(tokens_test, what_was_revoked_stays_revoked_whatever_the_secret) {
    const auto logged_out = "Bearer " + tokens_.issue("alice@example.com").reveal();
    const auto sibling = "Bearer " + tokens_.issue("alice@example.com").reveal();
    const auto id = tokens_.authenticate(logged_out).token_id;
    revoked_.apply_notification(R"({"token_id":")" + id + R"(","expires_at":1900000000})");
    tokens_.replace({core::secret(next_key), core::secret(key)});
    EXPECT_EQ(refusal(logged_out), R"({"detail":"Token has been revoked"})");
    EXPECT_EQ(tokens_.authenticate(sibling).token_id.size(), id.size());
    revoked_.apply_notification(R"({"token_id":")" + tokens_.authenticate(sibling).token_id +
                                R"(","expires_at":1900000000})");
    EXPECT_EQ(refusal(sibling), R"({"detail":"Token has been revoked"})");
    tokens_.replace({core::secret(key), core::secret(next_key)});
    EXPECT_EQ(refusal(sibling), R"({"detail":"Token has been revoked"})");
}

}  // namespace
}  // namespace veil::auth
