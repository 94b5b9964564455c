#include <algorithm>
#include <span>
#include <stdexcept>
#include <utility>
#include <veil/config/config.hpp>

#include "values.hpp"

namespace veil::config {
namespace {

// What reread() must know of an item.
struct traits {
    std::array<std::string_view, 2> names;  // its variables; the first one names it
    void (*check)(settings&, std::vector<std::string>& faults);
    bool (*same)(const settings&, const settings&);
};

template <auto Member>
bool same_secret(const settings& a, const settings& b) {
    return (a.*Member).equals((b.*Member).reveal());
}

template <auto Member>
bool same_value(const settings& a, const settings& b) {
    return a.*Member == b.*Member;
}

void no_rule(settings&, std::vector<std::string>&) {}

traits traits_of(item which) {
    using s = settings;
    using faults = std::vector<std::string>;
    switch (which) {
        case item::jwt_secret:
            return {{"JWT_SECRET", "JWT_SECRET_PREVIOUS"},
                    [](s& x, faults& f) { check_pair("JWT_SECRET", x.jwt_secret, strength::strong, x, f); },
                    same_value<&s::jwt_secret>};
        case item::turn_secret:
            return {{"TURN_SECRET", "TURN_SECRET_PREVIOUS"},
                    [](s& x, faults& f) { check_pair("TURN_SECRET", x.turn_secret, strength::strong, x, f); },
                    same_value<&s::turn_secret>};
        case item::webhook_secret:
            return {{"WEBHOOK_SECRET", "WEBHOOK_SECRET_PREVIOUS"},
                    [](s& x, faults& f) { check_pair("WEBHOOK_SECRET", x.webhook_secret, strength::any, x, f); },
                    same_value<&s::webhook_secret>};
        case item::database:
            return {{"DB_PASSWORD", "DB_URL"},
                    [](s& x, faults& f) { check_database(x, f); },
                    [](const s& a, const s& b) {
                        return same_secret<&s::db_password>(a, b) && same_secret<&s::db_url>(a, b);
                    }};
        case item::ejabberd_api_password:
            return {{"EJABBERD_API_PASSWORD", {}},
                    [](s& x, faults& f) { check_ejabberd(x, f); },
                    same_secret<&s::ejabberd_api_password>};
        case item::apns_key_id:
            return {{"APNS_KEY_ID", {}}, no_rule, same_value<&s::apns_key_id>};
        case item::log_level:
            return {{"LOG_LEVEL", {}}, no_rule, same_value<&s::log_level>};
    }
    throw std::logic_error("no such item");
}

// Calls `with` on every variable of an item.
template <class F>
void for_each_variable(item which, F with) {
    const auto names = traits_of(which).names;
    for (const auto& section : sections())
        for (const auto& v : section.variables)
            if (std::ranges::find(names, v.name) != names.end()) with(v);
}

}  // namespace

std::string_view name_of(item which) { return traits_of(which).names.front(); }

bool is_fixed(item which, const environment& env) {
    bool fixed = true;
    for_each_variable(which, [&](const variable& v) { fixed = fixed && !env(file_variable(v)); });
    return fixed;
}

bool reread(item which, settings& s, const environment& env) {
    auto draft = s;
    draft.warnings.clear();
    std::vector<std::string> faults;
    for_each_variable(which, [&](const variable& v) { read(v, draft, env, faults); });
    const auto rules = traits_of(which);
    if (faults.empty()) rules.check(draft, faults);
    if (!faults.empty()) throw invalid(std::move(faults));
    const bool other = !rules.same(s, draft);
    s = std::move(draft);
    return other;
}

}  // namespace veil::config
