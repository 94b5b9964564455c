// The clients' tokens: JWT (RFC 7519) signed with HS256, and nothing else. I/O thread only.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <veil/auth/revocations.hpp>
#include <veil/core/clock.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/secret.hpp>
#include <veil/crypto/hmac.hpp>
#include <veil/http/extract.hpp>

namespace veil::auth {

// The token's account is gone or has another password, or the token was logged out.
inline constexpr core::failure token_revoked{401, "Token has been revoked"};

// The answer to a presented token that does not count, with the challenge of RFC 6750, section 3.
core::api_error bad_token(const core::failure& why);

// Who a request comes from: as a handler's first parameter it is the check of the bearer token.
struct user {
    std::string jid;              // bare, lower case
    std::string token_id;         // names the presented token in the table of revoked ones
    std::int64_t issued_at = 0;   // of the token, Unix seconds; 0 when it does not say
    std::int64_t expires_at = 0;  // of the token, Unix seconds
};

struct token_options {
    core::secret_pair secret;
    std::string domain;
    std::int64_t lifetime = 86'400;  // seconds
};

class tokens {
 public:
    tokens(const token_options& options, const core::clock& clock, revocations& revoked);

    // A token for a bare JID. It is dated after `cutoff` (Unix seconds, 0 for none), so that the revocation of the
    // account's earlier tokens in this very second does not hit it.
    core::secret issue(const std::string& jid, std::int64_t cutoff = 0);

    // Checks the Authorization header's value; throws api_error 401 with the contract's text.
    user authenticate(std::string_view authorization);

    // From now on tokens are signed with another secret; what secret.previous signed is accepted until it expires. A
    // token's id comes from its own tag, so what was revoked stays revoked.
    void replace(const core::secret_pair& secret);

 private:
    user verify(std::string_view token);
    std::optional<std::string> genuine_tag(std::string_view signed_part, std::string_view presented);

    crypto::hmac hmac_;
    std::optional<crypto::hmac> previous_;
    std::string domain_;
    std::int64_t lifetime_;
    const core::clock& clock_;
    revocations& revoked_;
    std::string header_;  // the encoded header of our own tokens
};

}  // namespace veil::auth

template <>
struct veil::http::extract<veil::auth::user> {
    static constexpr stage order = stage::auth;
    explicit extract(const route_info& route) : tokens_(&route.service<auth::tokens>()) {}
    auth::user operator()(const request& r) const { return tokens_->authenticate(r.header("Authorization")); }
    static const std::string& account(const auth::user& who) { return who.jid; }  // whose rate limit it counts to
    void describe(operation& into) const;

 private:
    auth::tokens* tokens_;
};
