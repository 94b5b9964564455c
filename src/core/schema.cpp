#include <stdexcept>
#include <veil/core/json.hpp>
#include <veil/core/schema.hpp>

namespace veil::core {
namespace {

using json = nlohmann::ordered_json;

void add_limits(json& to, const rules& rule) {
    if (rule.min_length > 0) to["minLength"] = rule.min_length;
    if (rule.max_length != no_limit) to["maxLength"] = rule.max_length;
    if (rule.shape != nullptr) to["pattern"] = rule.shape->text;
}

}  // namespace

json schemas::refer(const schema& to) {
    const auto name = to.name();
    const auto [it, is_new] = by_name_.try_emplace(name, entry{&to, {}});
    if (it->second.of != &to) throw std::logic_error("two types are called " + name + " in the document");
    if (is_new) it->second.text = to.describe(*this).dump();
    return {{"$ref", "#/components/schemas/" + name}};
}

void schemas::render_to(std::string& out) const {
    char separator = '{';
    for (const auto& [name, each] : by_name_) {
        out += separator;
        separator = ',';
        append_quoted(out, name);
        out += ':';
        out += each.text;
    }
    out += by_name_.empty() ? "{}" : "}";
}

json with_description(json schema, const rules& rule) {
    if (!rule.about.empty()) schema["description"] = rule.about;
    return schema;
}

json describe_text(const rules& rule) {
    json out = with_description({{"type", "string"}}, rule);
    add_limits(out, rule);
    if (rule.fallback != nullptr) out["default"] = rule.fallback;
    if (!rule.example.empty()) out["examples"] = {rule.example};
    return out;
}

json describe_secret(const rules& rule) {
    auto out = describe_text(rule);
    out["format"] = "password";
    return out;
}

json describe_optional_text(const rules& rule) {
    auto out = describe_text(rule);
    out["type"] = {"string", "null"};
    return out;
}

json describe_text_list(const rules& rule) {
    json items{{"type", "string"}};
    add_limits(items, rule);
    json out = with_description({{"type", "array"}, {"items", std::move(items)}}, rule);
    if (rule.max_items != no_limit) out["maxItems"] = rule.max_items;
    if (rule.fallback != nullptr) out["default"] = json::array();
    if (!rule.example.empty()) out["examples"] = json::array({json::array({rule.example})});
    return out;
}

json describe_number(const rules& rule) {
    json out = with_description({{"type", "integer"}}, rule);
    if (!rule.example.empty()) out["examples"] = json::array({json::parse(rule.example)});
    return out;
}

}  // namespace veil::core
