#include <algorithm>
#include <nlohmann/json.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/fields.hpp>
#include <veil/core/json.hpp>

namespace veil::core {
namespace {

[[noreturn]] void refuse(issue item) {
    issues all;
    all.add(std::move(item));
    all.throw_if_any();
    std::unreachable();
}

[[noreturn]] void refuse_json(std::size_t offset, std::string_view reason) {
    refuse({"json_invalid", {"body", offset}, "JSON decode error", {{"error", reason}}});
}

// The offset at which nesting exceeds the limit, or npos. Runs before the parser so that no deep document is ever
// built.
std::size_t too_deep_at(std::string_view text) {
    std::size_t depth = 0;
    bool in_string = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (in_string) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            if (++depth > max_json_depth) return i;
        } else if ((c == '}' || c == ']') && depth > 0) {
            --depth;
        }
    }
    return std::string_view::npos;
}

}  // namespace

void append_quoted(std::string& out, std::string_view text) {
    static constexpr char hex[] = "0123456789abcdef";
    out += '"';
    std::size_t plain = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c >= 0x20 && c != '"' && c != '\\') continue;
        out += text.substr(plain, i - plain);
        plain = i + 1;
        switch (c) {
            case '"':
                out += "\\\"";
                break;
            case '\\':
                out += "\\\\";
                break;
            case '\b':
                out += "\\b";
                break;
            case '\f':
                out += "\\f";
                break;
            case '\n':
                out += "\\n";
                break;
            case '\r':
                out += "\\r";
                break;
            case '\t':
                out += "\\t";
                break;
            default:
                out += "\\u00";
                out += hex[c >> 4];
                out += hex[c & 15];
        }
    }
    out += text.substr(plain);
    out += '"';
}

nlohmann::json parse_body(std::string_view body) {
    if (body.empty()) refuse({"missing", {"body"}, "Field required", {}});
    if (const auto at = too_deep_at(body); at != std::string_view::npos) refuse_json(at, "Nested too deeply");
    nlohmann::json value;
    try {
        value = nlohmann::json::parse(body);
    } catch (const nlohmann::json::parse_error& error) {
        const std::size_t offset = error.byte == 0 ? 0 : error.byte - 1;  // nlohmann counts from one
        if (offset >= body.size()) refuse_json(body.size(), "Unexpected end of input");
        refuse_json(offset, "Unexpected character");
    } catch (const nlohmann::json::exception&) {  // a number beyond every range
        refuse_json(0, "Value out of range");
    }
    if (value.is_null()) refuse({"missing", {"body"}, "Field required", {}});
    if (!value.is_object()) refuse_body_type();
    return value;
}

void refuse_body_type() {
    refuse(
        {"model_attributes_type", {"body"}, "Input should be a valid dictionary or object to extract fields from", {}});
}

}  // namespace veil::core
