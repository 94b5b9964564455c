// A DTO as a JSON schema (draft 2020-12, as OpenAPI 3.1 uses it), written from its field table. One schema serves
// requests and answers alike: a field with a default need not be sent, and no answer has one (is_complete). Any thread.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <vector>
#include <veil/core/fields.hpp>
#include <veil/core/type_name.hpp>

namespace veil::core {

class schemas;

// How a type is named and described; a DTO's is the constant schema_of<T>.
struct schema {
    std::string (*name)();
    nlohmann::ordered_json (*describe)(schemas& beside);
};

// The schemas of one document. Each is written once, as text, and referred to by its name.
class schemas {
 public:
    // The reference {"$ref": ...} to a schema, which is added if it is new. Throws logic_error when another type has
    // its name.
    nlohmann::ordered_json refer(const schema& to);

    // Appends {"<name>": <schema>, ...}, by name.
    void render_to(std::string& out) const;

 private:
    struct entry {
        const schema* of;
        std::string text;
    };
    std::map<std::string, entry> by_name_;
};

nlohmann::ordered_json describe_text(const rules& rule);
nlohmann::ordered_json describe_secret(const rules& rule);
nlohmann::ordered_json describe_optional_text(const rules& rule);
nlohmann::ordered_json describe_text_list(const rules& rule);
nlohmann::ordered_json describe_number(const rules& rule);

// A schema with the description that the rules give.
nlohmann::ordered_json with_description(nlohmann::ordered_json schema, const rules& rule);

template <class M>
concept list_of_dto = requires { typename M::value_type; } && dto<typename M::value_type>;

template <dto T>
nlohmann::ordered_json describe(schemas& beside);

template <dto T>
inline constexpr schema schema_of{&type_name<T>, &describe<T>};

template <class M>
nlohmann::ordered_json describe_member(const rules& rule, schemas& beside) {
    if constexpr (dto<M>)
        return with_description(beside.refer(schema_of<M>), rule);
    else if constexpr (list_of_dto<M>)
        return with_description({{"type", "array"}, {"items", beside.refer(schema_of<typename M::value_type>)}}, rule);
    else if constexpr (std::is_same_v<M, std::int64_t>)
        return describe_number(rule);
    else if constexpr (std::is_same_v<M, std::optional<std::string>>)
        return describe_optional_text(rule);
    else if constexpr (std::is_same_v<M, std::vector<std::string>>)
        return describe_text_list(rule);
    else if constexpr (std::is_same_v<M, secret>)
        return describe_secret(rule);
    else
        return describe_text(rule);
}

// The DTO's schema; nested DTOs go to `beside` and are referred to.
template <dto T>
nlohmann::ordered_json describe(schemas& beside) {
    auto properties = nlohmann::ordered_json::object();
    auto required = nlohmann::ordered_json::array();
    const auto add = [&]<class C, class M>(const field_t<C, M>& f) {
        properties[std::string(f.name)] = describe_member<M>(f.rule, beside);
        if (f.rule.fallback == nullptr) required.push_back(f.name);
    };
    std::apply([&](const auto&... f) { (add(f), ...); }, T::fields());
    return {{"type", "object"}, {"properties", std::move(properties)}, {"required", std::move(required)}};
}

// Whether no field of the DTO, or of what it holds, has a default.
template <dto T>
consteval bool is_complete() {
    const auto whole = []<class C, class M>(const field_t<C, M>& f) {
        if constexpr (dto<M>)
            return f.rule.fallback == nullptr && is_complete<M>();
        else if constexpr (list_of_dto<M>)
            return f.rule.fallback == nullptr && is_complete<typename M::value_type>();
        else
            return f.rule.fallback == nullptr;
    };
    return std::apply([&](const auto&... f) { return (whole(f) && ...); }, T::fields());
}

}  // namespace veil::core
