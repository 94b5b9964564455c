#include <algorithm>
#include <veil/core/errors.hpp>
#include <veil/core/fields.hpp>

namespace veil::core {
namespace {

std::size_t code_points(std::string_view utf8) {
    return static_cast<std::size_t>(
        std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

nlohmann::ordered_json at(std::string_view name) { return {"body", name}; }

// A string that PostgreSQL and XMPP can carry. nlohmann has already refused lone surrogates and broken UTF-8.
bool is_text(const nlohmann::json& value) {
    return value.is_string() && !value.get_ref<const std::string&>().contains('\0');
}

std::string characters(std::size_t n) { return std::to_string(n) + (n == 1 ? " character" : " characters"); }

// The first rule that `text` breaks, if any.
void check(const std::string& text, std::string_view name, const rules& rule, issues& found) {
    const auto length = code_points(text);
    if (length < rule.min_length)
        found.add({"string_too_short",
                   at(name),
                   "String should have at least " + characters(rule.min_length),
                   {{"min_length", rule.min_length}}});
    else if (length > rule.max_length)
        found.add({"string_too_long",
                   at(name),
                   "String should have at most " + characters(rule.max_length),
                   {{"max_length", rule.max_length}}});
    else if (rule.shape != nullptr && !rule.shape->accepts(text))
        found.add({"string_pattern_mismatch",
                   at(name),
                   "String should match pattern '" + std::string(rule.shape->text) + "'",
                   {{"pattern", rule.shape->text}}});
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
        found.add({"missing", at(name), "Field required", {}});
        return {};
    }
    if (!is_text(*it)) {
        found.add({"string_type", at(name), "Input should be a valid string", {}});
        return {};
    }
    auto text = it->get<std::string>();
    check(text, name, rule, found);
    return text;
}

std::vector<std::string> read_text_list(const nlohmann::json& object, std::string_view name, const rules& rule,
                                        issues& found) {
    const auto it = object.find(name);
    if (it == object.end()) {
        if (rule.fallback == nullptr) found.add({"missing", at(name), "Field required", {}});
        return {};
    }
    if (!it->is_array()) {
        found.add({"list_type", at(name), "Input should be a valid list", {}});
        return {};
    }
    std::vector<std::string> list;
    for (const auto& element : *it) {
        if (!is_text(element)) {
            found.add({"string_type", {"body", name, list.size()}, "Input should be a valid string", {}});
            return {};
        }
        list.push_back(element.get<std::string>());
    }
    return list;
}

nlohmann::ordered_json describe_text(const rules& rule) {
    nlohmann::ordered_json schema{{"type", "string"}};
    if (!rule.about.empty()) schema["description"] = rule.about;
    if (rule.min_length > 0) schema["minLength"] = rule.min_length;
    if (rule.max_length != no_limit) schema["maxLength"] = rule.max_length;
    if (rule.shape != nullptr) schema["pattern"] = rule.shape->text;
    if (rule.fallback != nullptr) schema["default"] = rule.fallback;
    if (!rule.example.empty()) schema["examples"] = {rule.example};
    return schema;
}

}  // namespace veil::core
