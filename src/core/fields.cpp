#include <algorithm>
#include <veil/core/errors.hpp>
#include <veil/core/fields.hpp>

namespace veil::core {
namespace {

std::size_t code_points(std::string_view utf8) {
    return static_cast<std::size_t>(
        std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

// A string that PostgreSQL and XMPP can carry. nlohmann has already refused lone surrogates and broken UTF-8.
bool is_text(const nlohmann::json& value) {
    return value.is_string() && !value.get_ref<const std::string&>().contains('\0');
}

std::string counted(std::size_t n, std::string_view noun) {
    return std::to_string(n) + " " + std::string(noun) + (n == 1 ? "" : "s");
}

issue missing(std::string_view name) { return {"missing", {"body", name}, "Field required", {}}; }

issue too_many(std::string_view name, std::size_t most, std::size_t given) {
    return {"too_long",
            {"body", name},
            "List should have at most " + counted(most, "item") + " after validation, not " + std::to_string(given),
            {{"field_type", "List"}, {"max_length", most}, {"actual_length", given}}};
}

// The first rule that `text` breaks, if any; where it was found is for the caller to say.
std::optional<issue> broken_rule(std::string_view text, const rules& rule) {
    const auto length = code_points(text);
    if (length < rule.min_length)
        return issue{"string_too_short",
                     {},
                     "String should have at least " + counted(rule.min_length, "character"),
                     {{"min_length", rule.min_length}}};
    if (length > rule.max_length)
        return issue{"string_too_long",
                     {},
                     "String should have at most " + counted(rule.max_length, "character"),
                     {{"max_length", rule.max_length}}};
    if (rule.shape != nullptr && !rule.shape->accepts(text))
        return issue{"string_pattern_mismatch",
                     {},
                     "String should match pattern '" + std::string(rule.shape->text) + "'",
                     {{"pattern", rule.shape->text}}};
    return std::nullopt;
}

// What is wrong with a value that should be a string, if anything.
std::optional<issue> wrong_text(const nlohmann::json& value, const rules& rule) {
    if (!is_text(value)) return issue{"string_type", {}, "Input should be a valid string", {}};
    return broken_rule(value.get_ref<const std::string&>(), rule);
}

}  // namespace

void issues::add(issue item) {
    nlohmann::ordered_json entry{{"type", item.type}, {"loc", std::move(item.loc)}, {"msg", std::move(item.msg)}};
    if (!item.ctx.is_null()) entry["ctx"] = std::move(item.ctx);
    items_.push_back(std::move(entry));
}

void issues::throw_if_any() const {
    if (!items_.empty()) throw api_error::with_json(422, items_.dump());
}

std::string read_text(const nlohmann::json& object, std::string_view name, const rules& rule, issues& found) {
    const auto it = object.find(name);
    if (it == object.end()) {
        if (rule.fallback != nullptr) return rule.fallback;
        found.add(missing(name));
        return {};
    }
    if (auto wrong = wrong_text(*it, rule)) {
        wrong->loc = {"body", name};
        found.add(std::move(*wrong));
        return {};
    }
    return it->get<std::string>();
}

std::vector<std::string> read_text_list(const nlohmann::json& object, std::string_view name, const rules& rule,
                                        issues& found) {
    const auto it = object.find(name);
    if (it == object.end()) {
        if (rule.fallback == nullptr) found.add(missing(name));
        return {};
    }
    if (!it->is_array()) {
        found.add({"list_type", {"body", name}, "Input should be a valid list", {}});
        return {};
    }
    if (it->size() > rule.max_items) {
        found.add(too_many(name, rule.max_items, it->size()));
        return {};
    }
    std::vector<std::string> list;
    for (std::size_t i = 0; i < it->size(); ++i) {
        if (auto wrong = wrong_text((*it)[i], rule)) {
            wrong->loc = {"body", name, i};
            found.add(std::move(*wrong));
        } else {
            list.push_back((*it)[i].get<std::string>());
        }
    }
    return list;
}

bool fits(std::string_view value, const rules& rule) { return !broken_rule(value, rule); }

void check_path_text(std::string_view value, std::string_view name, const rules& rule) {
    auto wrong = broken_rule(value, rule);
    if (!wrong) return;
    wrong->loc = {"path", name};
    issues found;
    found.add(std::move(*wrong));
    found.throw_if_any();
}

}  // namespace veil::core
