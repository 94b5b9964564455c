#include <veil/server_info/service.hpp>

namespace veil::server_info {

void service::add_routes(http::router& routes) {
    routes.on("GET", "/api/v1/server/info", *this, &service::get,
              {.id = "get_server_info", .summary = "Get what clients need to know before they sign in"});
}

awaitable<http::prepared_json<info>> service::get() { co_return http::prepared_json<info>{text_}; }

}  // namespace veil::server_info
