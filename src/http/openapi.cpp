#include <algorithm>
#include <stdexcept>
#include <veil/core/ascii.hpp>
#include <veil/core/json.hpp>
#include <veil/http/openapi.hpp>

#include "openapi_operation.hpp"

namespace veil::http {
namespace {

using json = nlohmann::ordered_json;

struct tag {
    std::string_view name;
    std::string_view description;
};

constexpr tag tags[] = {
    {"account", "Registration, signing in, and the end of an account."},
    {"push", "The devices of an account, and the calls that wake them."},
    {"turn", "Credentials for the relay of calls."},
    {"server", "What clients need to know before they sign in."},
    {"groups", "Group chats and their members."},
    {"operations", "For operators and load balancers."},
    {"demo", "A page to try calls, where the server is told to show it."},
    {"documentation", "This document and its pages."},
};

std::string_view tag_name_of(std::string_view pattern) {
    static constexpr std::string_view root = "/api/v1/";
    if (pattern == "/healthz" || pattern == "/readyz") return "operations";
    if (pattern == "/demo" || pattern.starts_with("/demo/")) return "demo";
    if (!pattern.starts_with(root)) return "documentation";
    pattern.remove_prefix(root.size());
    return pattern.substr(0, pattern.find('/'));
}

// The segment after /api/v1 names the tag.
const tag& tag_of(std::string_view pattern) {
    const auto name = tag_name_of(pattern);
    const auto it = std::ranges::find(tags, name, &tag::name);
    if (it == std::end(tags)) throw std::logic_error("no tag for the routes of " + std::string(name));
    return *it;
}

json describe_tags(const std::vector<operation>& operations) {
    json out = json::array();
    for (const auto& each : tags) {
        const auto has_it = [&](const operation& o) { return &tag_of(o.pattern) == &each; };
        if (std::ranges::any_of(operations, has_it))
            out.push_back({{"name", each.name}, {"description", each.description}});
    }
    return out;
}

json describe_info(const api_info& info) {
    return {{"title", info.title},
            {"version", info.version},
            {"description", info.description},
            {"license", {{"name", "MIT"}, {"identifier", "MIT"}}}};
}

json describe_headers() {
    const json text{{"type", "string"}};
    return {
        {"X-Request-Id",
         {{"description",
           "The request's own X-Request-Id, if it has one of 1 to 128 of `A-Za-z0-9._-`, else a new "
           "UUID. The server's log names it."},
          {"required", true},
          {"schema", text}}},
        {"WWW-Authenticate",
         {{"description", "The challenge (RFC 6750, section 3), unless the handler refused for a reason of its own."},
          {"schema", text}}},
        {"Retry-After",
         {{"description", "Seconds, when too much is waiting or was asked."}, {"schema", {{"type", "integer"}}}}},
        {"RateLimit-Policy",
         {{"description",
           "The limit that counted this request: its name, requests at once (q), and the seconds after which a quota "
           "used up is whole again (w)."},
          {"schema", text},
          {"example", "\"login\";q=20;w=120"}}},
        {"RateLimit",
         {{"description",
           "What is left of it: requests (r), and seconds until it is whole again or, with none left, until the next "
           "one (t)."},
          {"schema", text},
          {"example", "\"login\";r=19;t=6"}}}};
}

void append_member(std::string& out, std::string_view name, std::string_view value) {
    if (!out.ends_with('{')) out += ',';
    core::append_quoted(out, name);
    out += ':';
    out += value;
}

// The Path Item Objects. Each operation becomes text at once, so that no tree of the whole document is ever built.
void append_paths(std::string& out, const std::vector<operation>& operations, core::schemas& into) {
    out += '{';
    for (auto first = operations.begin(); first != operations.end(); ++first) {
        const auto same_path = [&](const operation& o) { return o.pattern == first->pattern; };
        if (std::any_of(operations.begin(), first, same_path)) continue;
        append_member(out, first->pattern, "{");
        for (auto each = first; each != operations.end(); ++each)
            if (same_path(*each))
                append_member(out, core::to_lower(each->method),
                              describe(*each, tag_of(each->pattern).name, into).dump());
        out += '}';
    }
    out += '}';
}

json describe_security_schemes(const std::vector<operation>& operations) {
    json out = json::object();
    for (const auto& each : operations)
        if (each.security != nullptr) out[std::string(each.security->name)] = json::parse(each.security->definition);
    return out;
}

json describe_responses(core::schemas& into) {
    json out = json::object();
    for (const auto& each : common_answers()) out[std::string(each.component)] = describe_common(each);
    out[std::string(validation_component)] = describe_validation(into);
    return out;
}

void append_components(std::string& out, const std::vector<operation>& operations, core::schemas& into) {
    out += '{';
    append_member(out, "securitySchemes", describe_security_schemes(operations).dump());
    append_member(out, "headers", describe_headers().dump());
    append_member(out, "responses", describe_responses(into).dump());
    append_member(out, "schemas", "");
    into.render_to(out);
    out += '}';
}

}  // namespace

std::string openapi(const router& routes, const api_info& info) {
    const auto& operations = routes.operations();
    core::schemas schemas;
    std::string out = "{";
    append_member(out, "openapi", R"("3.1.0")");
    append_member(out, "info", describe_info(info).dump());
    append_member(out, "servers", json::array({{{"url", info.server}}}).dump());
    append_member(out, "tags", describe_tags(operations).dump());
    append_member(out, "paths", "");
    append_paths(out, operations, schemas);
    append_member(out, "components", "");
    append_components(out, operations, schemas);
    out += '}';
    out.shrink_to_fit();
    return out;
}

}  // namespace veil::http
