// One constexpr table a DTO (JSON name, member, rules): it parses, reports every fault at once and renders, and
// core/schema.hpp describes it from the same table, so that document and behaviour cannot differ. A DTO is a struct
// with
//     static constexpr auto fields() { return std::tuple{field("name", &dto::name, {.min_length = 1}), ...}; }
// Any thread.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>
#include <veil/core/json.hpp>
#include <veil/core/secret.hpp>

namespace veil::core {

// A regular expression of the contract, as its text (for clients) and as code (for us).
struct pattern {
    std::string_view text;
    bool (*accepts)(std::string_view value);
};

inline constexpr std::size_t no_limit = SIZE_MAX;

// Lengths count code points. For a list they and the shape hold for each element.
struct rules {
    std::size_t min_length = 0;
    std::size_t max_length = no_limit;
    const pattern* shape = nullptr;
    const char* fallback = nullptr;  // the default; a field without one is required, a list with one defaults to empty
    std::string_view about = {};
    std::string_view example = {};  // of a list: one element
    std::size_t max_items = no_limit;
};

template <class C, class T>
struct field_t {
    std::string_view name;
    T C::* member;
    rules rule;
};

template <class C, class T>
constexpr field_t<C, T> field(std::string_view name, T C::* member, rules rule = {}) {
    return {name, member, rule};
}

template <class T>
concept dto = requires { T::fields(); };

// One item of a 422 answer.
struct issue {
    std::string_view type;
    nlohmann::ordered_json loc;
    std::string msg;
    nlohmann::ordered_json ctx;
};

// Collects the items of a 422 answer.
class issues {
 public:
    void add(issue item);
    void throw_if_any() const;  // api_error 422

 private:
    nlohmann::ordered_json items_ = nlohmann::ordered_json::array();
};

// Reads one string field by its rules; the first failing rule is added to `found`. Order: missing, type, min, max,
// shape.
std::string read_text(const nlohmann::json& object, std::string_view name, const rules& rule, issues& found);

// Reads one list of strings. Order: missing, type, number of elements; only then each element, so that a list longer
// than it may be gives one item. Every element that fails gives an item of its own.
std::vector<std::string> read_text_list(const nlohmann::json& object, std::string_view name, const rules& rule,
                                        issues& found);

// Whether a text from elsewhere keeps the rule.
bool fits(std::string_view value, const rules& rule);

// Throws api_error 422 when a path parameter's value breaks its rules.
void check_path_text(std::string_view value, std::string_view name, const rules& rule);

// Parses a request body to a DTO; throws api_error 422 with every failed field in the order of the table.
template <dto T>
T parse(std::string_view body) {
    const nlohmann::json object = parse_body(body);
    issues found;
    T out{};
    const auto read = [&]<class C, class M>(const field_t<C, M>& f) {
        if constexpr (std::is_same_v<M, std::string>)
            out.*f.member = read_text(object, f.name, f.rule, found);
        else if constexpr (std::is_same_v<M, secret>)
            out.*f.member = secret(read_text(object, f.name, f.rule, found));
        else
            out.*f.member = read_text_list(object, f.name, f.rule, found);
    };
    std::apply([&](const auto&... f) { (read(f), ...); }, T::fields());
    found.throw_if_any();
    return out;
}

inline void render_to(std::string& out, const std::string& value) { append_quoted(out, value); }
inline void render_to(std::string& out, const secret& value) { append_quoted(out, value.reveal()); }
inline void render_to(std::string& out, std::int64_t value) { out += std::to_string(value); }
inline void render_to(std::string& out, const std::optional<std::string>& value) {
    if (value)
        append_quoted(out, *value);
    else
        out += "null";
}
template <class T>
void render_to(std::string& out, const std::vector<T>& list);

// Appends the DTO as a compact JSON object, fields in the order of the table.
template <dto T>
void render_to(std::string& out, const T& value) {
    char separator = '{';
    const auto write = [&](const auto& f) {
        out += separator;
        separator = ',';
        append_quoted(out, f.name);
        out += ':';
        render_to(out, value.*f.member);
    };
    std::apply([&](const auto&... f) { (write(f), ...); }, T::fields());
    out += '}';
}

template <class T>
void render_to(std::string& out, const std::vector<T>& list) {
    out += '[';
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (i > 0) out += ',';
        render_to(out, list[i]);
    }
    out += ']';
}

template <dto T>
std::string render(const T& value) {
    std::string out;
    out.reserve(512);
    render_to(out, value);
    return out;
}

}  // namespace veil::core
