#include "provider_tokens.hpp"

#include <fmt/format.h>

#include "jwt.hpp"
#include "names.hpp"

namespace veil::fake_push {
namespace {

constexpr double life = 3600;
constexpr double leeway = 60;

fault invalid(std::string detail) { return {403, "InvalidProviderToken", std::move(detail)}; }

std::optional<fault> expired(std::int64_t issued_at, double now) {
    const double age = now - static_cast<double>(issued_at);
    if (age <= life) return std::nullopt;
    return fault{403, "ExpiredProviderToken", fmt::format("the provider token is {:.0f} s old", age)};
}

}  // namespace

std::optional<fault> provider_tokens::judge(const std::string& token, double now, std::optional<genuine>& signed_by) {
    const auto known = accepted_.find(token);
    if (known == accepted_.end()) return judge_new(token, now, signed_by);
    signed_by = known->second;
    return expired(known->second.issued_at, now);
}

std::optional<fault> provider_tokens::judge_new(const std::string& token, double now,
                                                std::optional<genuine>& signed_by) {
    const auto read = read_jwt(token);
    if (!read) return invalid("the provider token is no JWT");
    const auto key_id = read->header.contains("kid") ? read->header["kid"] : nlohmann::json();
    if (key_id != apns_key_id && key_id != apns_next_key_id) return invalid("kid is no key's");
    if (read->text("iss") != apns_team_id) return invalid("iss is not the team's");
    const auto iat = read->number("iat");
    if (!iat) return invalid("iat is no number");
    if (!is_es256(*read, key_id == apns_key_id ? key_ : next_key_)) return invalid("not signed with ES256 and our key");
    signed_by = genuine{*iat, key_id.get<std::string>()};
    if (static_cast<double>(*iat) > now + leeway) return invalid("iat is in the future");
    if (auto old = expired(*iat, now)) return old;
    if (updated_at_ && now - *updated_at_ < static_cast<double>(between_updates_.count()))
        return fault{429, "TooManyProviderTokenUpdates",
                     fmt::format("a new provider token {:.0f} s after the last one", now - *updated_at_)};
    updated_at_ = now;
    accepted_.emplace(token, *signed_by);
    return std::nullopt;
}

}  // namespace veil::fake_push
