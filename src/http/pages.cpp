#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>
#include <veil/http/pages.hpp>

namespace veil::http {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 5> types{{
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".png", "image/png"},
    {".svg", "image/svg+xml"},
    {".txt", "text/plain; charset=utf-8"},
}};

const embedded_file* find(embedded_files files, std::string_view name) {
    const auto it = std::ranges::find(files, name, &embedded_file::name);
    return it == files.end() ? nullptr : &*it;
}

}  // namespace

response page(embedded_files files, std::string_view name, std::string policy) {
    const auto* const found = find(files, name);
    if (found == nullptr) throw std::logic_error("a page was not built into the server");
    return {.fixed_body = found->text,
            .content_type = "text/html; charset=utf-8",
            .cacheable = true,
            .headers = {{"Cache-Control", "no-cache"},
                        {"Content-Security-Policy", std::move(policy)},
                        {"Referrer-Policy", "no-referrer"}}};
}

response page_file(embedded_files files, std::string_view name) {
    const auto* const found = find(files, name);
    const auto type = std::ranges::find_if(types, [&](const auto& t) { return name.ends_with(t.first); });
    if (found == nullptr || type == types.end()) throw core::api_error(no_such_file);
    return {.fixed_body = found->text,
            .content_type = type->second,
            .cacheable = true,
            .headers = {{"Cache-Control", "public, max-age=3600"}}};
}

}  // namespace veil::http
