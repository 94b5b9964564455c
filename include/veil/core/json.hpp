// Reading a JSON request body within the contract's limits, and writing JSON text. Any thread.
#pragma once

#include <cstddef>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

namespace veil::core {

inline constexpr std::size_t max_json_depth = 32;

// Appends `text` (valid UTF-8) as a JSON string, quotes included (RFC 8259, section 7).
void append_quoted(std::string& out, std::string_view text);

// Parses a request body to an object. Throws api_error 422 with the one item that says what is wrong: missing (no body
// or null), json_invalid (with the byte offset; nesting deeper than max_json_depth counts as invalid) or
// model_attributes_type (not an object). The body's text never appears in the error: it may hold a password.
nlohmann::json parse_body(std::string_view body);

// The 422 for a body of a media type that is not JSON.
[[noreturn]] void refuse_body_type();

}  // namespace veil::core
