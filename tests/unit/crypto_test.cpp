// Encodings, digests, HMAC and sealing against published vectors.
#include <gtest/gtest.h>

#include <veil/crypto/digest.hpp>
#include <veil/crypto/encoding.hpp>
#include <veil/crypto/hmac.hpp>
#include <veil/crypto/sealer.hpp>

namespace veil::crypto {
namespace {

TEST(encoding, base64_as_in_rfc_4648) {
    EXPECT_EQ(base64(""), "");
    EXPECT_EQ(base64("f"), "Zg==");
    EXPECT_EQ(base64("fo"), "Zm8=");
    EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
    EXPECT_EQ(base64url("\xfb\xff"), "-_8");
    EXPECT_EQ(from_base64("Zg=="), "f");
    EXPECT_EQ(from_base64url("-_8"), "\xfb\xff");
}

TEST(encoding, refuses_what_it_would_not_write) {
    for (const auto* text : {"Zg", "Zg=", "Zh==", "Z===", "Zg==Zg==", "Z g=", "=Zg="})
        EXPECT_FALSE(from_base64(text)) << text;
    for (const auto* text : {"Zg==", "Zh", "Z", "Zg\n", "+/8"}) EXPECT_FALSE(from_base64url(text)) << text;
}

TEST(digest, known_answers) {
    EXPECT_EQ(md5_hex("abc"), "900150983cd24fb0d6963f7d28e17f72");
    EXPECT_EQ(hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(hmac, known_answers_again_and_again) {
    hmac sha1(hash::sha1, core::secret("key"));
    hmac sha256(hash::sha256, core::secret("key"));
    const auto* text = "The quick brown fox jumps over the lazy dog";
    for (int i = 0; i < 3; ++i) {
        EXPECT_EQ(hex(sha1.sign(text)), "de7c9b85b8b78aa6bc8a7a36f70a90701c9db4d9");
        EXPECT_EQ(hex(sha256.sign(text)), "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
    }
    EXPECT_EQ(hex(hmac(hash::sha1, core::secret()).sign("")), "fbdb1d1b18aa6c08324b7d64b71fb76370690e1d");
}

TEST(sealer, opens_only_what_it_sealed_for_the_same_context) {
    const sealer ours(core::secret("a key of the configuration"), "test");
    const auto sealed = ours.seal(core::secret("pässword"), "alice@example.com");
    EXPECT_EQ(sealed.find("ssword"), std::string::npos);
    ASSERT_TRUE(ours.open(sealed, "alice@example.com"));
    EXPECT_EQ(ours.open(sealed, "alice@example.com")->reveal(), "pässword");
    EXPECT_NE(ours.seal(core::secret("pässword"), "alice@example.com"), sealed);
    EXPECT_FALSE(ours.open(sealed, "bob@example.com"));
    EXPECT_FALSE(sealer(core::secret("a key of the configuration"), "other").open(sealed, "alice@example.com"));
    auto broken = sealed;
    broken[20] = broken[20] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(ours.open(broken, "alice@example.com"));
    EXPECT_FALSE(ours.open("", ""));
}

TEST(sealer, opens_what_the_secret_before_has_sealed_and_seals_with_the_new_one) {
    const core::secret before("the secret before"), after("the secret after");
    const auto old = sealer(before, "test").seal(core::secret("old"), "alice@example.com");
    const sealer both(core::secret_pair(after, before), "test");
    ASSERT_TRUE(both.open(old, "alice@example.com"));
    EXPECT_EQ(both.open(old, "alice@example.com")->reveal(), "old");
    const auto sealed = both.seal(core::secret("new"), "alice@example.com");
    ASSERT_TRUE(sealer(after, "test").open(sealed, "alice@example.com"));
    EXPECT_FALSE(sealer(before, "test").open(sealed, "alice@example.com"));
    EXPECT_FALSE(sealer(after, "test").open(old, "alice@example.com"));
}

}  // namespace
}  // namespace veil::crypto
