#include <nlohmann/json.hpp>
#include <veil/auth/tokens.hpp>
#include <veil/core/ascii.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/jid.hpp>
#include <veil/core/json.hpp>
#include <veil/core/uuid.hpp>
#include <veil/crypto/encoding.hpp>

namespace veil::auth {
namespace {

using nlohmann::json;

constexpr std::size_t max_token_bytes = 4 * 1024;
constexpr std::int64_t leeway_seconds = 60;
constexpr std::size_t id_bytes = 16;

constexpr core::failure not_authenticated{401, "Not authenticated"};
constexpr core::failure other_scheme{401, "Invalid authentication credentials"};
constexpr core::failure token_expired{401, "Token has expired"};
constexpr core::failure token_without_subject{401, "Token missing sub claim"};
constexpr core::failure token_invalid{401, "Invalid token"};

constexpr http::security_scheme bearer{.name = "bearer",
                                       .definition =
                                           R"({"type":"http","scheme":"bearer","bearerFormat":"JWT",)"
                                           R"("description":"The token that registering and signing in answer with."})",
                                       .challenges = true};

core::api_error unauthorized(const core::failure& why, std::string challenge) {
    return core::api_error(why).header("WWW-Authenticate", std::move(challenge));
}

// A part of the token as a JSON object.
json decode_part(std::string_view part) {
    const auto bytes = crypto::from_base64url(part);
    auto value = bytes ? json::parse(*bytes, nullptr, false) : json(json::value_t::discarded);
    if (!value.is_object()) throw bad_token(token_invalid);
    return value;
}

// A numeric date (RFC 7519, section 2), or nullopt when the claim is absent.
std::optional<double> date_claim(const json& claims, const char* name) {
    const auto it = claims.find(name);
    if (it == claims.end()) return std::nullopt;
    if (!it->is_number()) throw bad_token(token_invalid);
    return it->get<double>();
}

// cutoff: the account's, Unix seconds. After the clock has been set back it may lie ahead, and what is issued then is
// dated behind it.
void check_dates(const json& claims, std::int64_t now, std::int64_t cutoff) {
    const auto expiry = date_claim(claims, "exp");
    const auto latest = static_cast<double>(now + leeway_seconds);
    if (!expiry || claims.contains("aud")) throw bad_token(token_invalid);
    const auto latest_issue = std::max(latest, static_cast<double>(cutoff + 1));
    if (date_claim(claims, "iat").value_or(0) > latest_issue || date_claim(claims, "nbf").value_or(0) > latest)
        throw bad_token(token_invalid);
    if (*expiry <= static_cast<double>(now)) throw bad_token(token_expired);
}

bool has_subject(const json& claims) {
    const auto it = claims.find("sub");
    return it != claims.end() && !it->is_null() && *it != "";
}

std::optional<std::string> subject(const json& claims, const std::string& domain) {
    const auto it = claims.find("sub");
    if (it == claims.end() || !it->is_string()) return std::nullopt;
    return core::bare_jid_of(it->get_ref<const std::string&>(), domain);
}

// A date as whole seconds; what no clock will reach is cut off.
std::int64_t whole_seconds(double date) {
    constexpr double end_of_time = 253'402'300'799;  // the year 9999
    return static_cast<std::int64_t>(std::min(std::max(date, 0.0), end_of_time));
}

}  // namespace

core::api_error bad_token(const core::failure& why) { return unauthorized(why, R"(Bearer error="invalid_token")"); }

tokens::tokens(const token_options& options, const core::clock& clock, revocations& revoked)
    : hmac_(crypto::hash::sha256, options.secret.current),
      domain_(options.domain),
      lifetime_(options.lifetime),
      clock_(clock),
      revoked_(revoked),
      header_(crypto::base64url(R"({"alg":"HS256","typ":"JWT"})")) {
    replace(options.secret);
}

void tokens::replace(const core::secret_pair& secret) {
    hmac_ = crypto::hmac(crypto::hash::sha256, secret.current);
    previous_.reset();
    if (!secret.previous.empty()) previous_.emplace(crypto::hash::sha256, secret.previous);
}

core::secret tokens::issue(const std::string& jid, std::int64_t cutoff) {
    const auto now = clock_.now();
    revoked_.note_issue(now);
    const auto issued_at = std::max(now, cutoff + 1);
    std::string claims = R"({"sub":)";
    core::append_quoted(claims, jid);
    claims +=
        ",\"iat\":" + std::to_string(issued_at) + ",\"exp\":" + std::to_string(issued_at + lifetime_) + ",\"jti\":";
    core::append_quoted(claims, core::uuid4());
    claims += '}';
    auto text = header_ + "." + crypto::base64url(claims);
    text += "." + crypto::base64url(hmac_.sign(text));
    return core::secret(std::move(text));
}

user tokens::authenticate(std::string_view authorization) {
    const auto value = core::trim(authorization);
    const auto space = value.find(' ');
    const auto token = space == std::string_view::npos ? std::string_view() : core::trim(value.substr(space));
    if (token.empty()) throw unauthorized(not_authenticated, "Bearer");
    if (!core::iequals(value.substr(0, space), "Bearer")) throw unauthorized(other_scheme, "Bearer");
    return verify(token);
}

// The tag that the presented one (base64url) is, or nullopt.
std::optional<std::string> tokens::genuine_tag(std::string_view signed_part, std::string_view presented) {
    const auto bytes = crypto::from_base64url(presented);
    if (!bytes) return std::nullopt;
    if (auto tag = hmac_.sign(signed_part); crypto::equal(*bytes, tag)) return tag;
    if (!previous_) return std::nullopt;
    if (auto tag = previous_->sign(signed_part); crypto::equal(*bytes, tag)) return tag;
    return std::nullopt;
}

user tokens::verify(std::string_view token) {
    const auto first = token.find('.');
    const auto last = token.rfind('.');
    if (token.size() > max_token_bytes || first == last || token.find('.', first + 1) != last)
        throw bad_token(token_invalid);
    if (token.substr(0, first) != header_) {
        const auto header = decode_part(token.substr(0, first));
        // The algorithm is ours to choose, never the token's; extensions that we do not know must not be ignored.
        if (!header.contains("alg") || header["alg"] != "HS256" || header.contains("crit"))
            throw bad_token(token_invalid);
    }
    const auto tag = genuine_tag(token.substr(0, last), token.substr(last + 1));
    if (!tag) throw bad_token(token_invalid);

    const auto claims = decode_part(token.substr(first + 1, last - first - 1));
    auto jid = subject(claims, domain_);
    check_dates(claims, clock_.now(), jid ? revoked_.cutoff_of(*jid) : 0);
    if (!jid) throw bad_token(has_subject(claims) ? token_invalid : token_without_subject);
    // The tag belongs to this very token, with or without a jti; half of it is unique and forges nothing.
    user who{.jid = std::move(*jid),
             .token_id = crypto::hex(std::string_view(*tag).substr(0, id_bytes)),
             .expires_at = whole_seconds(*date_claim(claims, "exp"))};
    std::optional<std::int64_t> issued_at;
    if (const auto date = date_claim(claims, "iat")) issued_at = whole_seconds(*date);
    who.issued_at = issued_at.value_or(0);
    if (revoked_.is_revoked(who.jid, issued_at, who.token_id)) throw bad_token(token_revoked);
    return who;
}

}  // namespace veil::auth

void veil::http::extract<veil::auth::user>::describe(operation& into) const {
    using namespace auth;
    into.security = &bearer;
    into.failures.insert(into.failures.end(), {not_authenticated, other_scheme, token_expired, token_without_subject,
                                               token_invalid, token_revoked});
}
