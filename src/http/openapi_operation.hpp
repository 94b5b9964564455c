// One operation of /openapi.json, and the answers that operations have in common.
#pragma once

#include <nlohmann/json.hpp>
#include <span>
#include <string_view>
#include <veil/core/schema.hpp>
#include <veil/http/operation.hpp>

namespace veil::http {

// An answer that comes from beneath the handlers, with the status's reason phrase as its detail; a component.
struct common_answer {
    std::string_view component;
    std::string_view meaning;
    int status;
    enum class who { all, with_body, limited } gets_it = who::all;  // which routes answer so
};
std::span<const common_answer> common_answers() noexcept;

// The Response Object of a common answer, and of the 422 with a list of what is wrong.
nlohmann::ordered_json describe_common(const common_answer& answer);
nlohmann::ordered_json describe_validation(core::schemas& into);
inline constexpr std::string_view validation_component = "ValidationError";

// The names in braces of a pattern, in its order.
std::vector<std::string_view> parameter_names(std::string_view pattern);

// The Operation Object. The schemas it refers to are added to `into`.
nlohmann::ordered_json describe(const operation& from, std::string_view tag, core::schemas& into);

}  // namespace veil::http
