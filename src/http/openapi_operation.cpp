#include "openapi_operation.hpp"

#include <algorithm>
#include <map>
#include <veil/core/ascii.hpp>

#include "openapi_validation.hpp"

namespace veil::http {
namespace {

using json = nlohmann::ordered_json;

// Everything that an operation may answer with one status.
struct answer {
    std::vector<success> bodies;
    std::vector<std::string_view> details;  // texts of {"detail": ...}
    bool validation = false;                // {"detail": [...]}
};
using answers = std::map<int, answer>;

void add_detail(answers& to, const core::failure& from) {
    auto& details = to[from.status].details;
    if (std::ranges::find(details, from.detail) == details.end()) details.push_back(from.detail);
}

bool is_limited(const operation& from) { return from.about.limit != limits::route_class::unlimited; }

bool applies(const common_answer& answer, const operation& to) {
    if (answer.gets_it == common_answer::who::with_body) return to.body != nullptr;
    return answer.gets_it == common_answer::who::all || is_limited(to);
}

answers answers_of(const operation& from) {
    answers out;
    for (const auto& each : from.successes) out[each.status].bodies.push_back(each);
    for (const auto& each : from.failures) add_detail(out, each);
    for (const auto& each : from.about.failures) add_detail(out, each);
    for (const auto& each : common_answers())
        if (applies(each, from)) add_detail(out, {each.status, reason_phrase(each.status)});
    if (from.validates) out[422].validation = true;
    return out;
}

json header(std::string_view name) { return {{"$ref", "#/components/headers/" + std::string(name)}}; }

// What an operation's answers have in common.
struct traits {
    bool challenges = false;
    bool limited = false;
};

json headers_of(int status, traits of) {
    json out{{"X-Request-Id", header("X-Request-Id")}};
    if (status == 401 && of.challenges) out["WWW-Authenticate"] = header("WWW-Authenticate");
    if (status == 503 || status == 429) out["Retry-After"] = header("Retry-After");
    if (of.limited)
        for (const char* name : {"RateLimit-Policy", "RateLimit"}) out[name] = header(name);
    return out;
}

// "Not authenticated" to "not_authenticated".
std::string slug(std::string_view text) {
    std::string out;
    for (const char c : core::to_lower(text)) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (plain)
            out += c;
        else if (!out.empty() && out.back() != '_')
            out += '_';
    }
    while (out.ends_with('_')) out.pop_back();
    return out;
}

json schema_of_details(const std::vector<std::string_view>& details) {
    return {{"type", "object"},
            {"required", {"detail"}},
            {"properties", {{"detail", {{"type", "string"}, {"enum", details}}}}}};
}

json body_schema(const success& from, core::schemas& into) {
    if (from.body != nullptr) return into.refer(*from.body);
    return {{"type", from.content == json_media ? "object" : "string"}};
}

// The Media Type Object of JSON: one schema, or any of several.
json describe_json(const answer& from, core::schemas& into) {
    json schemas = json::array();
    for (const auto& each : from.bodies)
        if (each.content == json_media) schemas.push_back(body_schema(each, into));
    if (from.validation) schemas.push_back(into.refer(validation_error));
    if (!from.details.empty()) schemas.push_back(schema_of_details(from.details));
    if (schemas.empty()) return nullptr;
    json out{{"schema", schemas.size() == 1 ? schemas.front() : json{{"anyOf", schemas}}}};
    for (const auto detail : from.details) out["examples"][slug(detail)] = {{"value", {{"detail", detail}}}};
    return out;
}

json describe_answer(int status, std::string_view meaning, const answer& from, traits of, core::schemas& into) {
    json content = json::object();
    for (const auto& each : from.bodies)
        if (each.content != json_media) content[std::string(each.content)] = {{"schema", body_schema(each, into)}};
    if (auto media = describe_json(from, into); !media.is_null()) content[std::string(json_media)] = std::move(media);
    return {{"description", meaning}, {"headers", headers_of(status, of)}, {"content", std::move(content)}};
}

// The component that says all of this answer, or an empty text.
std::string_view component_of(int status, const answer& from) {
    if (!from.bodies.empty()) return {};
    if (from.validation) return from.details.empty() ? validation_component : std::string_view();
    const auto it = std::ranges::find(common_answers(), status, &common_answer::status);
    if (it == common_answers().end() || from.details.size() != 1) return {};
    return from.details.front() == reason_phrase(status) ? it->component : std::string_view();
}

json describe_answers(const operation& from, core::schemas& into) {
    const traits of{.challenges = from.security != nullptr && from.security->challenges, .limited = is_limited(from)};
    json out = json::object();
    for (const auto& [status, each] : answers_of(from)) {
        auto& to = out[std::to_string(status)];
        if (const auto component = component_of(status, each); !component.empty())
            to = {{"$ref", "#/components/responses/" + std::string(component)}};
        else
            to = describe_answer(status, reason_phrase(status), each, of, into);
    }
    return out;
}

json describe_parameters(const operation& from) {
    json out = json::array();
    for (const auto name : parameter_names(from.pattern)) {
        auto& parameter = out.emplace_back(json{{"name", name}, {"in", "path"}, {"required", true}});
        const auto it = std::ranges::find(from.about.parameters, name, &path_parameter::name);
        const auto told = it == from.about.parameters.end() ? path_parameter{} : *it;
        if (!told.description.empty()) parameter["description"] = told.description;
        parameter["schema"] = core::describe_text(told.rule == nullptr ? core::rules{} : *told.rule);
        if (!told.example.empty()) parameter["example"] = told.example;
    }
    return out;
}

}  // namespace

std::span<const common_answer> common_answers() noexcept {
    static constexpr common_answer all[] = {
        {"BadRequest", "The request is not well-formed HTTP.", 400},
        {"RequestTimeout", "The request did not arrive in time.", 408},
        {"PayloadTooLarge", "The body has more than 64 KiB.", 413, common_answer::who::with_body},
        {"TooManyRequests", "More requests than the rate limit allows; Retry-After says when to come back.", 429,
         common_answer::who::limited},
        {"RequestHeaderFieldsTooLarge", "The head of the request has more than 16 KiB.", 431},
        {"InternalServerError", "A fault of the server; its log has the cause under the request's id.", 500},
        {"ServiceUnavailable", "Something the server depends on is out of reach, or too much is waiting.", 503},
        {"GatewayTimeout", "Something the server depends on did not answer in time.", 504},
    };
    return all;
}

json describe_common(const common_answer& from) {
    core::schemas none;
    const traits of{.limited = from.gets_it == common_answer::who::limited};
    return describe_answer(from.status, from.meaning, {.details = {reason_phrase(from.status)}}, of, none);
}

json describe_validation(core::schemas& into) {
    return describe_answer(422, "The body or a path parameter is not what the schema asks for; every fault is named.",
                           {.validation = true}, {}, into);
}

std::vector<std::string_view> parameter_names(std::string_view pattern) {
    std::vector<std::string_view> out;
    for (auto at = pattern.find('{'); at != std::string_view::npos; at = pattern.find('{', at + 1))
        out.push_back(pattern.substr(at + 1, pattern.find('}', at) - at - 1));
    return out;
}

json describe(const operation& from, std::string_view tag, core::schemas& into) {
    json out{{"operationId", from.about.id}, {"tags", {tag}}, {"summary", from.about.summary}};
    if (!from.about.description.empty()) out["description"] = from.about.description;
    if (from.about.deprecated) out["deprecated"] = true;
    out["security"] = json::array();
    if (from.security != nullptr) out["security"].push_back({{from.security->name, json::array()}});
    if (auto parameters = describe_parameters(from); !parameters.empty()) out["parameters"] = std::move(parameters);
    if (from.body != nullptr)
        out["requestBody"] = {{"required", true}, {"content", {{json_media, {{"schema", into.refer(*from.body)}}}}}};
    out["responses"] = describe_answers(from, into);
    return out;
}

}  // namespace veil::http
