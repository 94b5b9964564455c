#include "openapi_validation.hpp"

namespace veil::http {
namespace {

using json = nlohmann::ordered_json;

json describe_item(core::schemas&) {
    const json place{{"description", "`body` or `path`, then the field or parameter, then the element of a list."},
                     {"type", "array"},
                     {"items", {{"type", {"string", "integer"}}}},
                     {"examples", json::array({{"body", "username"}})}};
    return {{"type", "object"},
            {"required", {"type", "loc", "msg"}},
            {"properties",
             {{"type",
               {{"description", "Which rule is broken, for example `missing` or `string_too_short`."},
                {"type", "string"},
                {"examples", {"string_too_short"}}}},
              {"loc", place},
              {"msg", {{"type", "string"}, {"examples", {"String should have at least 3 characters"}}}},
              {"ctx",
               {{"description", "The limit of the rule."},
                {"type", "object"},
                {"examples", json::array({{{"min_length", 3}}})}}}}}};
}

constexpr core::schema validation_item{[] { return std::string("ValidationItem"); }, &describe_item};

json describe_error(core::schemas& beside) {
    return {
        {"type", "object"},
        {"required", {"detail"}},
        {"properties", {{"detail", {{"type", "array"}, {"minItems", 1}, {"items", beside.refer(validation_item)}}}}}};
}

}  // namespace

constinit const core::schema validation_error{[] { return std::string("ValidationError"); }, &describe_error};

}  // namespace veil::http
