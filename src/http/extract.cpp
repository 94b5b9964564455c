#include <veil/core/ascii.hpp>
#include <veil/http/extract.hpp>

namespace veil::http {
namespace {

bool is_json(std::string_view content_type) {
    const auto media = core::to_lower(core::trim(content_type.substr(0, content_type.find(';'))));
    return media == "application/json" || (media.starts_with("application/") && media.ends_with("+json"));
}

}  // namespace

const core::rules* rule_of(const route_info& route, std::string_view parameter) {
    const auto it = std::ranges::find(route.about->parameters, parameter, &path_parameter::name);
    return it == route.about->parameters.end() ? nullptr : it->rule;
}

void check_content_type(const request& r) {
    const auto type = r.header("Content-Type");
    if (!r.body.empty() && !type.empty() && !is_json(type)) core::refuse_body_type();
}

}  // namespace veil::http
