// The document of the API (OpenAPI 3.1.0, https://spec.openapis.org/oas/v3.1.0), written from the routes and the field
// tables of their DTOs. I/O thread only.
#pragma once

#include <string>
#include <string_view>
#include <veil/http/router.hpp>

namespace veil::http {

struct api_info {
    std::string_view title;
    std::string_view version;
    std::string_view description;   // Markdown
    std::string_view server = "/";  // where the paths begin
};

// The routes that were added so far, as compact JSON in the order they were added. Throws logic_error for a route whose
// first segment after /api/v1 is no known tag, and for two types of one name.
std::string openapi(const router& routes, const api_info& info);

}  // namespace veil::http
