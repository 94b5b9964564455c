// What a route says about itself in /openapi.json, beside what its handler's signature tells. Written where the route
// is added, as literals: the texts must outlive the router.
#pragma once

#include <string_view>
#include <vector>
#include <veil/core/errors.hpp>
#include <veil/limits/rule.hpp>

namespace veil::core {
struct rules;
}

namespace veil::http {

// Whether a route insists on a JSON Content-Type.
enum class body_type { json, any };

// A {name} of the pattern. With a rule, http::path<name> answers 422 to a value that breaks it.
struct path_parameter {
    std::string_view name;
    std::string_view description;
    std::string_view example;
    const core::rules* rule = nullptr;
};

struct about {
    std::string_view id;                // operationId, snake_case, unique among all routes (else std::logic_error)
    std::string_view summary;           // one line
    std::string_view description = {};  // Markdown
    std::vector<core::failure> failures = {};       // what the handler itself may answer besides success
    body_type accepts = body_type::json;            // of the request
    std::string_view content = "application/json";  // media type of a handler that returns http::response
    bool deprecated = false;
    std::vector<path_parameter> parameters = {};  // of the pattern
    limits::route_class limit = limits::route_class::usual;
    bool first = false;  // served before others when there is too much to do
};

}  // namespace veil::http
