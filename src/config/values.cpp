#include "values.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <veil/core/ascii.hpp>
#include <veil/core/secret_file.hpp>

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

void check_strength(const std::string& name, const core::secret& secret, settings& s,
                    std::vector<std::string>& faults) {
    const auto found = weakness(secret);
    if (found.empty()) return;
    if (s.allow_weak_secrets)
        s.warnings.push_back(name + " " + found + ": anyone can forge what it signs");
    else
        faults.push_back(name + " " + found + "; make one with: openssl rand -hex 32");
}

// The one line of a file, without its end.
std::string line_of(const core::secret_file& file) {
    std::string line = file.text.reveal();
    while (line.ends_with('\n') || line.ends_with('\r')) line.pop_back();
    if (std::ranges::any_of(line, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
        throw std::invalid_argument("is not one line of text");
    return line;
}

std::string value_in_file(const variable& v, const std::string& path, settings& s) {
    const auto file = core::read_secret_file(path);
    auto value = line_of(file);
    if (value.empty() && v.from != source::previous_secret) throw std::invalid_argument("is an empty file");
    if (file.open_to_all && v.from >= source::secret)
        s.warnings.push_back(file_variable(v) + " can be read by every user of this machine; chmod 600 " + path);
    return value;
}

}  // namespace

bool can_be_in_file(const variable& v) { return v.from != source::variable; }

std::string file_variable(const variable& v) { return std::string(v.name) + "_FILE"; }

void read(const variable& v, settings& s, const environment& env, std::vector<std::string>& faults) {
    std::string name(v.name);
    auto value = env(name);
    try {
        if (const auto path = can_be_in_file(v) ? env(file_variable(v)) : std::nullopt) {
            if (value) throw std::invalid_argument("and " + file_variable(v) + " are both set");
            name = file_variable(v);
            value = value_in_file(v, *path, s);
        }
        v.store(s, value.value_or(std::string(v.fallback)));
    } catch (const std::invalid_argument& fault) {
        faults.push_back(name + " " + fault.what());
    }
}

void check_pair(std::string_view name, const core::secret_pair& pair, strength wanted, settings& s,
                std::vector<std::string>& faults) {
    const std::string current(name), previous = current + "_PREVIOUS";
    if (wanted == strength::strong) check_strength(current, pair.current, s, faults);
    if (pair.previous.empty()) return;
    if (wanted == strength::strong) check_strength(previous, pair.previous, s, faults);
    if (pair.current.empty())
        faults.push_back(previous + " is set without " + current);
    else if (pair.current.equals(pair.previous.reveal()))
        s.warnings.push_back(previous + " is the same as " + current + ": nothing is being replaced");
}

void check_database(const settings& s, std::vector<std::string>& faults) {
    if (s.db_url.empty() && s.db_password.empty()) faults.emplace_back("DB_PASSWORD is required (or DB_URL)");
}

void check_ejabberd(const settings& s, std::vector<std::string>& faults) {
    if (s.ejabberd_api_password.empty()) faults.emplace_back("EJABBERD_API_PASSWORD is required");
}

}  // namespace veil::config
