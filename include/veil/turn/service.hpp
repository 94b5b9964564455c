// Short-lived TURN credentials (contract, section 5), as coturn's use-auth-secret checks them. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <veil/auth/tokens.hpp>
#include <veil/core/clock.hpp>
#include <veil/core/fields.hpp>
#include <veil/core/secret.hpp>
#include <veil/crypto/hmac.hpp>
#include <veil/http/router.hpp>

namespace veil::turn {

using boost::asio::awaitable;

struct turn_credentials {
    std::string username;   // "<unix expiry>:<local part>"
    core::secret password;  // base64(HMAC-SHA1(TURN_SECRET, username))
    std::int64_t ttl = 0;   // seconds
    std::vector<std::string> uris;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("username", &turn_credentials::username,
                  {.about = "When the credentials end (Unix seconds), and the user.", .example = "1767225600:alice"}),
            field("password", &turn_credentials::password,
                  {.about = "Base64 of the HMAC-SHA1 that coturn checks.", .example = "pZr5kfUAJzQiBeqYGyxmdOc7lw8="}),
            field("ttl", &turn_credentials::ttl, {.about = "Seconds.", .example = "86400"}),
            field("uris", &turn_credentials::uris,
                  {.about = "TURN URIs (RFC 7065).", .example = "turn:example.com:3478?transport=udp"}),
        };
    }
};

class service {
 public:
    // An empty secret: TURN is not configured. ttl in seconds.
    service(const core::secret& secret, std::int64_t ttl, std::vector<std::string> uris, const core::clock& clock);

    void add_routes(http::router& routes);

    awaitable<turn_credentials> credentials(auth::user who);

    // Credentials are made with this secret from now on; coturn must know it already.
    void replace(const core::secret& secret);

 private:
    std::optional<crypto::hmac> hmac_;
    std::int64_t ttl_;
    std::vector<std::string> uris_;
    const core::clock& clock_;
};

}  // namespace veil::turn
