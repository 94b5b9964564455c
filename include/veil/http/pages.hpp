// Pages that a feature carries inside the server's binary (cmake/embed_pages.cmake), and the files that they load. Any
// thread.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <veil/core/errors.hpp>
#include <veil/http/message.hpp>

namespace veil::http {

struct embedded_file {
    std::string_view name;
    std::string_view text;
};

using embedded_files = std::span<const embedded_file>;

inline constexpr core::failure no_such_file{404, "Not Found"};

// The page `name` under a Content-Security-Policy (https://www.w3.org/TR/CSP3/). Throws std::logic_error for a page
// that was not built in.
response page(embedded_files files, std::string_view name, std::string policy);

// A style, script, picture or text that a page loads. Throws api_error no_such_file for everything else, pages too.
response page_file(embedded_files files, std::string_view name);

}  // namespace veil::http
