// The document of the API and the two pages that show it, Swagger UI and ReDoc; everything comes from the server's own
// binary (contract, section 8). Owned by the application; I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <veil/http/router.hpp>

namespace veil::docs {

using boost::asio::awaitable;

class service {
 public:
    // After all other features' routes, so that the document may be made of what is there.
    void add_routes(http::router& routes);

    // Sets the text of /openapi.json, which is JSON. The document names this service's own routes too, so it can only
    // be made behind add_routes.
    void publish(std::string openapi);

    awaitable<http::response> document();
    awaitable<http::response> swagger_page();
    awaitable<http::response> redoc_page();
    // Throws api_error 404 for a file that no page needs.
    awaitable<http::response> file(http::path<"file"> name);

 private:
    std::string openapi_;
};

}  // namespace veil::docs
