#include <algorithm>
#include <array>
#include <cstdlib>
#include <veil/config/config.hpp>
#include <veil/core/ascii.hpp>

#include "variables.hpp"

namespace veil::config {
namespace {

constexpr std::size_t min_secret_bytes = 32;

// What is wrong with a signing secret, or nothing.
std::string weakness(const core::secret& secret) {
    if (secret.empty()) return "is empty";
    const auto text = core::to_lower(secret.reveal());
    constexpr std::array placeholders{"change", "secret", "example", "password", "placeholder", "your"};
    if (std::ranges::any_of(placeholders, [&](const char* word) { return text.contains(word); }))
        return "is a placeholder";
    if (std::ranges::all_of(text, [&](char c) { return c == text.front(); })) return "is a placeholder";
    if (secret.size() < min_secret_bytes) return "is shorter than 32 bytes";
    return {};
}

void check_secret(std::string_view name, const core::secret& secret, settings& s, std::vector<std::string>& faults) {
    const auto found = weakness(secret);
    if (found.empty()) return;
    if (s.allow_weak_secrets)
        s.warnings.push_back(std::string(name) + " " + found + ": anyone can forge what it signs");
    else
        faults.push_back(std::string(name) + " " + found + "; make one with: openssl rand -hex 32");
}

// Rules that span several variables.
void check_whole(settings& s, std::vector<std::string>& faults) {
    check_secret("JWT_SECRET", s.jwt_secret, s, faults);
    check_secret("TURN_SECRET", s.turn_secret, s, faults);
    if (s.db_url.empty() && s.db_password.empty()) faults.emplace_back("DB_PASSWORD is required (or DB_URL)");
    if (s.ejabberd_api_password.empty()) faults.emplace_back("EJABBERD_API_PASSWORD is required");
    if (s.db_pool_min > s.db_pool_max) faults.emplace_back("DB_POOL_MIN is larger than DB_POOL_MAX");
    if (s.webhook_secret.empty())
        s.warnings.emplace_back("WEBHOOK_SECRET is empty: webhooks are served to loopback only");
}

void derive(settings& s) {
    if (s.xmpp_ws_url.empty()) s.xmpp_ws_url = "wss://" + s.xmpp_host + ":" + std::to_string(s.xmpp_port_ws) + "/ws";
    if (s.sip_ws_url.empty()) s.sip_ws_url = "wss://" + s.sip_domain + ":" + std::to_string(s.sip_port_wss);
    if (s.turn_uris.empty()) {
        const auto plain = s.turn_domain + ":" + std::to_string(s.turn_port);
        s.turn_uris = {"turn:" + plain + "?transport=udp", "turn:" + plain + "?transport=tcp",
                       "turns:" + s.turn_domain + ":" + std::to_string(s.turn_port_tls) + "?transport=tcp"};
    }
    for (auto& name : s.reserved_usernames) name = core::to_lower(name);
}

std::string joined(const std::vector<std::string>& lines) {
    std::string out;
    for (const auto& line : lines) out += line + "\n";
    return out;
}

}  // namespace

invalid::invalid(std::vector<std::string> faults) : std::runtime_error(joined(faults)), faults_(std::move(faults)) {}

std::optional<std::string> process_environment(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return value;
}

settings load(const environment& env) {
    settings s;
    std::vector<std::string> faults;
    for (const auto& section : sections()) {
        for (const auto& v : section.variables) {
            if (v.store == nullptr) continue;
            const std::string name(v.name);
            try {
                v.store(s, env(name).value_or(std::string(v.fallback)));
            } catch (const std::invalid_argument& fault) {
                faults.push_back(name + " " + fault.what());
            }
        }
    }
    check_whole(s, faults);
    if (!faults.empty()) throw invalid(std::move(faults));
    derive(s);
    return s;
}

std::string help() {
    std::string out;
    for (const auto& section : sections()) {
        out += "\n" + std::string(section.title) + ":\n";
        for (const auto& v : section.variables) {
            if (v.store == nullptr) continue;
            out += "  " + std::string(v.name) + "  " + std::string(v.about) + "\n      " + std::string(v.rule);
            if (!v.fallback.empty()) out += "; default " + std::string(v.fallback);
            out += "\n";
        }
    }
    return out;
}

std::string env_example() {
    std::string out =
        "# Every variable of Veil with its default. scripts/up.sh copies this file to .env and fills the empty "
        "secrets.\n"
        "# A line KEY=value is set, a line #KEY=value shows the default. Variables of the environment win over .env.\n"
        "# This text comes from the server's own table: veil-api --env-example\n";
    for (const auto& section : sections()) {
        out += "\n## " + std::string(section.title) + "\n";
        for (const auto& v : section.variables) {
            out += "# " + std::string(v.about) + " [" + std::string(v.rule) + "]\n";
            out += (v.secret ? "" : "#") + std::string(v.name) + "=" + std::string(v.fallback) + "\n";
        }
    }
    return out;
}

}  // namespace veil::config
