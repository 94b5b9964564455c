#include <string>
#include <string_view>
#include <utility>
#include <veil/docs/service.hpp>

#include "files.hpp"

namespace veil::docs {
namespace {

// What ReDoc puts inline, as Chromium computes it: the empty element that styled-components fills through the DOM, and
// the style of its scroll bars. The second changes when ReDoc changes it; the browser test says so, and the console
// names the new one.
constexpr std::string_view redoc_styles =
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=' 'sha256-QMIg+bpjm3JdElJ388KYke01izlUW0UoNOeKjpMxdgc='";

// One look at a page is many requests, and none that costs anything.
constexpr auto not_counted = limits::route_class::unlimited;

// A page runs only what this server sends and talks only to it; images may also be written into the styles.
http::response page(std::string_view name, std::string_view inline_styles) {
    std::string policy =
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'; style-src 'self'";
    if (!inline_styles.empty()) policy.append(" ").append(inline_styles);
    return http::page(embedded_files(), name, std::move(policy));
}

}  // namespace

void service::add_routes(http::router& routes) {
    routes.on("GET", "/openapi.json", *this, &service::document,
              {.id = "get_openapi",
               .summary = "This document: OpenAPI 3.1, exactly the routes served",
               .limit = not_counted});
    routes.on("GET", "/docs", *this, &service::swagger_page,
              {.id = "get_docs",
               .summary = "This document in Swagger UI, to try requests",
               .content = "text/html",
               .limit = not_counted});
    routes.on("GET", "/redoc", *this, &service::redoc_page,
              {.id = "get_redoc",
               .summary = "This document in ReDoc, to read",
               .content = "text/html",
               .limit = not_counted});
    routes.on("GET", "/docs/{file}", *this, &service::file,
              {.id = "get_docs_file",
               .summary = "A style, script or picture of the two pages",
               .failures = {http::no_such_file},
               .content = "*/*",
               .parameters = {{"file", "its name", "page.css"}},
               .limit = not_counted});
}

void service::publish(std::string openapi) { openapi_ = std::move(openapi); }

awaitable<http::response> service::document() {
    co_return http::response{.fixed_body = openapi_, .cacheable = true, .headers = {{"Cache-Control", "no-cache"}}};
}

awaitable<http::response> service::swagger_page() { co_return page("swagger.html", {}); }

awaitable<http::response> service::redoc_page() { co_return page("redoc.html", redoc_styles); }

awaitable<http::response> service::file(http::path<"file"> name) {
    co_return http::page_file(embedded_files(), name.value);
}

}  // namespace veil::docs
