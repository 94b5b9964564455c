// Any text as an Authorization header ends in a 401. Any claims and any header that are signed with the right key end
// in a user of the domain whose token is not over, or in a 401. The first byte chooses what the input is.
#include <array>
#include <veil/auth/tokens.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/jid.hpp>
#include <veil/crypto/encoding.hpp>
#include <veil/crypto/hmac.hpp>

#include "fuzz.hpp"

using namespace veil;
using fuzz::demand;

namespace {

constexpr std::string_view good_header = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::string_view good_claims = R"({"sub":"alice@example.com","exp":4102444800})";
const core::secret key("nobody knows it");
const core::system_clock wall_clock;
db::pool no_database{{.dsn = core::secret("port=1"), .min_connections = 0, .max_connections = 1}};
auth::revocations none_revoked(no_database, wall_clock);
auth::tokens tokens({.secret = key, .domain = "example.com"}, wall_clock, none_revoked);
crypto::hmac signer(crypto::hash::sha256, key);

std::string sign(std::string_view header, std::string_view claims) {
    const auto text = crypto::base64url(header) + "." + crypto::base64url(claims);
    return "Bearer " + text + "." + crypto::base64url(signer.sign(text));
}

// Whether the header was taken.
bool present(const std::string& header) {
    try {
        const auto who = tokens.authenticate(header);
        demand(core::bare_jid_of(who.jid, "example.com") == who.jid);
        demand(who.expires_at >= wall_clock.now() && who.issued_at <= wall_clock.now() + 60);
        return true;
    } catch (const core::api_error& error) {
        demand(error.status() == 401);
        return false;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    fuzz::input input(data, size);
    const auto kind = input.choice(4);
    if (kind == 0) demand(!present("Bearer " + std::string(input.rest())));
    if (kind == 1) demand(!present(std::string(input.rest())));
    if (kind == 2) present(sign(good_header, input.rest()));
    if (kind == 3) present(sign(input.rest(), good_claims));
    return 0;
}
