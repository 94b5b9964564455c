#include <veil/core/url.hpp>
#include <veil/demo/service.hpp>

#include "files.hpp"

namespace veil::demo {
namespace {

// One look at the page is many requests, and none that costs anything.
constexpr auto not_counted = limits::route_class::unlimited;

// The page runs only what this server sends, and talks to it and to the SIP server.
std::string policy_for(const std::string& sip_origin) {
    return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self' " + sip_origin +
           "; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
}

}  // namespace

service::service(const settings& constant)
    : settings_(core::render(constant)), policy_(policy_for(core::wss_origin(constant.sip_ws_url))) {}

void service::add_routes(http::router& routes) {
    routes.on("GET", "/demo", *this, &service::page,
              {.id = "get_demo",
               .summary = "A page to try calls in two browser tabs",
               .content = "text/html",
               .limit = not_counted});
    routes.on("GET", "/demo/settings", *this, &service::get_settings,
              {.id = "get_demo_settings",
               .summary = "What the page must know before anybody signs in",
               .limit = not_counted});
    routes.on("GET", "/demo/{file}", *this, &service::file,
              {.id = "get_demo_file",
               .summary = "A style, script or picture of the page",
               .failures = {http::no_such_file},
               .content = "*/*",
               .parameters = {{"file", "its name", "page.css"}},
               .limit = not_counted});
}

awaitable<http::response> service::page() { co_return http::page(embedded_files(), "demo.html", policy_); }

awaitable<http::prepared_json<settings>> service::get_settings() { co_return http::prepared_json<settings>{settings_}; }

awaitable<http::response> service::file(http::path<"file"> name) {
    co_return http::page_file(embedded_files(), name.value);
}

}  // namespace veil::demo
