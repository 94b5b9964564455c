#include "access_tokens.hpp"

#include <fmt/format.h>

#include <charconv>
#include <ctime>
#include <optional>
#include <veil/core/uuid.hpp>
#include <veil/crypto/digest.hpp>
#include <veil/crypto/encoding.hpp>

#include "jwt.hpp"

namespace veil::fake_push {
namespace {

constexpr auto form_type = "application/x-www-form-urlencoded";
constexpr auto grant_type = "urn:ietf:params:oauth:grant-type:jwt-bearer";
constexpr auto scope = "https://www.googleapis.com/auth/firebase.messaging";
constexpr std::int64_t longest_life = 3600;
constexpr std::int64_t leeway = 60;

// One value of a form, decoded (WHATWG URL, section 5.1).
std::string decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        unsigned value = 0;
        const char* const digits = text.data() + i + 1;
        if (text[i] == '%' && i + 2 < text.size() && std::from_chars(digits, digits + 2, value, 16).ptr == digits + 2) {
            out += static_cast<char>(value);
            i += 2;
        } else {
            out += text[i] == '+' ? ' ' : text[i];
        }
    }
    return out;
}

std::string form_value(std::string_view form, std::string_view name) {
    while (!form.empty()) {
        const auto pair = form.substr(0, form.find('&'));
        form.remove_prefix(std::min(form.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name) return decode(pair.substr(equals + 1));
    }
    return {};
}

}  // namespace

token_answer access_tokens::issue(const test::h2_request& request) {
    token_answer out{.body = {}, .problems = check(request)};
    if (settings_.failures > 0) {
        --settings_.failures;
        out.status = 503;
        out.body = R"({"error":"temporarily_unavailable"})";
    } else if (!out.problems.empty()) {
        out.status = 400;
        out.body = R"({"error":"invalid_grant"})";
    } else {
        const auto token = "ya29.fake-" + crypto::base64url(crypto::sha256(core::uuid4() + core::uuid4()));
        live_until_[token] = std::chrono::steady_clock::now() + settings_.life;
        out.body = fmt::format(R"({{"access_token":"{}","expires_in":{},"token_type":"Bearer"}})", token,
                               settings_.life.count());
    }
    return out;
}

bool access_tokens::is_live(const std::string& token) const {
    const auto found = live_until_.find(token);
    return found != live_until_.end() && std::chrono::steady_clock::now() < found->second;
}

std::vector<std::string> access_tokens::check(const test::h2_request& request) const {
    std::vector<std::string> problems;
    if (request.method != "POST") problems.push_back("the method is " + request.method);
    if (!request.header("content-type").starts_with(form_type)) problems.push_back("the body is no form");
    if (form_value(request.body, "grant_type") != grant_type) problems.push_back("grant_type is not jwt-bearer");
    check_assertion(form_value(request.body, "assertion"), problems);
    return problems;
}

void access_tokens::check_assertion(const std::string& assertion, std::vector<std::string>& problems) const {
    const auto token = read_jwt(assertion);
    if (!token) {
        problems.emplace_back("the assertion is no JWT");
        return;
    }
    if (!is_rs256(*token, key_)) problems.emplace_back("not signed with RS256 and the service account's key");
    if (token->text("iss") != settings_.client_email) problems.emplace_back("iss is not client_email");
    if (token->text("aud") != settings_.token_uri) problems.emplace_back("aud is not token_uri");
    if (token->text("scope") != scope) problems.emplace_back("scope is not firebase.messaging");
    const auto iat = token->number("iat"), exp = token->number("exp");
    const std::int64_t now = std::time(nullptr);
    if (!iat || !exp)
        problems.emplace_back("iat or exp is no number");
    else if (*exp - *iat > longest_life || *exp <= now || *iat > now + leeway)
        problems.push_back(fmt::format("iat {} and exp {} do not fit {}", *iat, *exp, now));
}

}  // namespace veil::fake_push
