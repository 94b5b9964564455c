#include <veil/core/errors.hpp>
#include <veil/core/jid.hpp>
#include <veil/crypto/encoding.hpp>
#include <veil/turn/service.hpp>

namespace veil::turn {
namespace {

constexpr core::failure not_configured{503, "TURN server not configured"};

}  // namespace

service::service(const core::secret& secret, std::int64_t ttl, std::vector<std::string> uris, const core::clock& clock)
    : ttl_(ttl), uris_(std::move(uris)), clock_(clock) {
    replace(secret);
}

void service::replace(const core::secret& secret) {
    hmac_.reset();
    if (!secret.empty()) hmac_.emplace(crypto::hash::sha1, secret);
}

void service::add_routes(http::router& routes) {
    routes.on(
        "GET", "/api/v1/turn/credentials", *this, &service::credentials,
        {.id = "get_turn_credentials", .summary = "Get short-lived TURN credentials", .failures = {not_configured}});
}

awaitable<turn_credentials> service::credentials(auth::user who) {
    if (!hmac_) throw core::api_error(not_configured);
    auto username = std::to_string(clock_.now() + ttl_) + ":";
    username += core::local_part(who.jid);
    core::secret password(crypto::base64(hmac_->sign(username)));
    co_return turn_credentials{std::move(username), std::move(password), ttl_, uris_};
}

}  // namespace veil::turn
