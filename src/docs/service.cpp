#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>
#include <veil/core/errors.hpp>
#include <veil/docs/service.hpp>

#include "files.hpp"

namespace veil::docs {
namespace {

constexpr core::failure no_such_file{404, "Not Found"};

// What ReDoc puts inline, as Chromium computes it: the empty element that styled-components fills through the DOM, and
// the style of its scroll bars. The second changes when ReDoc changes it; the browser test says so, and the console
// names the new one.
constexpr std::string_view redoc_styles =
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='";

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> types{{
    {".css", "text/css; charset=utf-8"},
    {".js", "text/javascript; charset=utf-8"},
    {".png", "image/png"},
    {".txt", "text/plain; charset=utf-8"},
}};

const docs::file* find(std::string_view name) {
    const auto all = embedded_files();
    const auto it = std::ranges::find(all, name, &docs::file::name);
    return it == all.end() ? nullptr : &*it;
}

// A page runs only what this server sends and talks only to it; images may also be written into the styles.
http::response page(std::string_view name, std::string_view inline_styles) {
    const auto* const found = find(name);
    if (found == nullptr) throw std::logic_error("a page was not built into the server");
    std::string policy =
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; style-src 'self'";
    if (!inline_styles.empty()) policy.append(" ").append(inline_styles);
    return {.fixed_body = found->text,
            .content_type = "text/html; charset=utf-8",
            .cacheable = true,
            .headers = {{"Cache-Control", "no-cache"},
                        {"Content-Security-Policy", std::move(policy)},
                        {"Referrer-Policy", "no-referrer"}}};
}

}  // namespace

void service::add_routes(http::router& routes) {
    routes.on("GET", "/openapi.json", *this, &service::document,
              {.id = "get_openapi", .summary = "This document: OpenAPI 3.1, exactly the routes served"});
    routes.on("GET", "/docs", *this, &service::swagger_page,
              {.id = "get_docs", .summary = "This document in Swagger UI, to try requests", .content = "text/html"});
    routes.on("GET", "/redoc", *this, &service::redoc_page,
              {.id = "get_redoc", .summary = "This document in ReDoc, to read", .content = "text/html"});
    routes.on("GET", "/docs/{file}", *this, &service::file,
              {.id = "get_docs_file",
               .summary = "A style, script or picture of the two pages",
               .failures = {no_such_file},
               .content = "*/*",
               .parameters = {{"file", "its name", "page.css"}}});
}

void service::publish(std::string openapi) { openapi_ = std::move(openapi); }

awaitable<http::response> service::document() {
    co_return http::response{.fixed_body = openapi_, .cacheable = true, .headers = {{"Cache-Control", "no-cache"}}};
}

awaitable<http::response> service::swagger_page() { co_return page("swagger.html", {}); }

awaitable<http::response> service::redoc_page() { co_return page("redoc.html", redoc_styles); }

awaitable<http::response> service::file(http::path<"file"> name) {
    const auto* const found = find(name.value);
    const auto type = std::ranges::find_if(types, [&](const auto& t) { return name.value.ends_with(t.first); });
    if (found == nullptr || type == types.end()) throw core::api_error(no_such_file);
    co_return http::response{.fixed_body = found->text,
                             .content_type = type->second,
                             .cacheable = true,
                             .headers = {{"Cache-Control", "public, max-age=3600"}}};
}

}  // namespace veil::docs
