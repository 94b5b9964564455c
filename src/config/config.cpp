#include <cstdlib>
#include <veil/config/config.hpp>
#include <veil/core/ascii.hpp>

#include "values.hpp"

namespace veil::config {
namespace {

// Rules that span several variables.
void check_whole(settings& s, std::vector<std::string>& faults) {
    check_pair("JWT_SECRET", s.jwt_secret, strength::strong, s, faults);
    check_pair("TURN_SECRET", s.turn_secret, strength::strong, s, faults);
    check_pair("WEBHOOK_SECRET", s.webhook_secret, strength::any, s, faults);
    check_database(s, faults);
    check_ejabberd(s, faults);
    if (s.db_pool_min > s.db_pool_max) faults.emplace_back("DB_POOL_MIN is larger than DB_POOL_MAX");
    if (s.webhook_secret.current.empty())
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
    for (const auto& section : sections())
        for (const auto& v : section.variables)
            if (v.store != nullptr) read(v, s, env, faults);
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
            if (can_be_in_file(v)) out += "; or in a file that " + file_variable(v) + " names";
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
        "# NAME_FILE names a file that holds NAME, for those that have it: what SIGHUP reads again.\n"
        "# This text comes from the server's own table: veil-api --env-example\n";
    for (const auto& section : sections()) {
        out += "\n## " + std::string(section.title) + "\n";
        for (const auto& v : section.variables) {
            out += "# " + std::string(v.about) + " [" + std::string(v.rule) + "]\n";
            const bool generated = v.from == source::generated_secret;
            out += (generated ? "" : "#") + std::string(v.name) + "=" + std::string(v.fallback) + "\n";
            if (can_be_in_file(v)) out += "#" + file_variable(v) + "=\n";
        }
    }
    return out;
}

}  // namespace veil::config
