// One row of the configuration table.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <veil/config/config.hpp>

namespace veil::config {

// Where a value may come from: the variable alone, or also a file that NAME_FILE names. The last three are secrets: a
// file that every user may read is warned about, and an empty one is a fault, but for a secret that a rotation has left
// behind.
enum class source { variable, file, secret, previous_secret, generated_secret };

struct variable {
    std::string_view name;
    std::string_view fallback;  // the default; required variables have none
    std::string_view rule;      // what a value must be, for people
    std::string_view about;
    // Stores a value; throws std::invalid_argument when it breaks the rule. Null: not the server's, only the stack's.
    void (*store)(settings&, const std::string& value);
    source from = source::variable;  // generated_secret: scripts/up.sh fills it with a random value
};

struct section {
    std::string_view title;
    std::span<const variable> variables;
};

// All variables in the order of .env.example.
std::span<const section> sections();

}  // namespace veil::config
