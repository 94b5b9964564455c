// The path of a request: splitting and percent-decoding (RFC 3986, section 2.1).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace veil::http {

// The segments of a path as they stand, without the leading slash.
std::vector<std::string> split_path(std::string_view path);

// Decodes %XX; nullopt for a broken escape, a NUL or text that is not UTF-8.
std::optional<std::string> percent_decode(std::string_view text);

// A request target (RFC 9112, section 3.2) taken apart. Absolute form loses its scheme and authority.
struct target {
    std::string_view path, query;
};
target parse_target(std::string_view text) noexcept;

}  // namespace veil::http
