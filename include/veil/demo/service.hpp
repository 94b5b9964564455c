// A page on which an operator tries calls between two browser tabs; it comes from the server's own binary and is served
// only with DEMO_PAGES=true. Owned by the application; I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <veil/core/fields.hpp>
#include <veil/http/router.hpp>

namespace veil::demo {

using boost::asio::awaitable;

// What the page must know before anybody signs in.
struct settings {
    std::string xmpp_domain;
    std::string sip_domain;
    std::string sip_ws_url;  // wss://
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("xmpp_domain", &settings::xmpp_domain, {.about = "Domain of the JIDs.", .example = "example.com"}),
            field("sip_domain", &settings::sip_domain,
                  {.about = "Domain of the SIP addresses.", .example = "example.com"}),
            field("sip_ws_url", &settings::sip_ws_url,
                  {.about = "SIP over WebSocket (RFC 7118).", .example = "wss://example.com:8089"}),
        };
    }
};

class service {
 public:
    // Throws std::invalid_argument when sip_ws_url is no wss:// address.
    explicit service(const settings& constant);

    void add_routes(http::router& routes);

    awaitable<http::response> page();
    awaitable<http::prepared_json<settings>> get_settings();
    // Throws api_error 404 for a file that the page does not need.
    awaitable<http::response> file(http::path<"file"> name);

 private:
    std::string settings_;
    std::string policy_;
};

}  // namespace veil::demo
