// What clients need to know before they sign in (contract, section 6). Constant for a process, so it is rendered once.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>
#include <veil/core/fields.hpp>
#include <veil/http/router.hpp>

namespace veil::server_info {

using boost::asio::awaitable;

struct info {
    std::string xmpp_domain;
    std::string xmpp_host;
    std::int64_t xmpp_port_tls = 5223;
    std::int64_t xmpp_port_starttls = 5222;
    std::string xmpp_ws_url;
    std::string sip_domain;
    std::int64_t sip_port_tls = 5061;
    std::string turn_server;      // host:port
    std::string turn_server_tls;  // host:port
    std::string http_upload_host;
    std::string server_version;
    std::string min_client_version;
    static constexpr auto fields() {
        using core::field;
        return std::tuple{
            field("xmpp_domain", &info::xmpp_domain, {.about = "Domain of the JIDs.", .example = "example.com"}),
            field("xmpp_host", &info::xmpp_host, {.about = "Host to connect to.", .example = "example.com"}),
            field("xmpp_port_tls", &info::xmpp_port_tls, {.about = "Direct TLS.", .example = "5223"}),
            field("xmpp_port_starttls", &info::xmpp_port_starttls, {.about = "STARTTLS.", .example = "5222"}),
            field("xmpp_ws_url", &info::xmpp_ws_url,
                  {.about = "XMPP over WebSocket.", .example = "wss://example.com:5280/ws"}),
            field("sip_domain", &info::sip_domain, {.example = "example.com"}),
            field("sip_port_tls", &info::sip_port_tls, {.example = "5061"}),
            field("turn_server", &info::turn_server,
                  {.about = "Host and port, UDP and TCP.", .example = "example.com:3478"}),
            field("turn_server_tls", &info::turn_server_tls,
                  {.about = "Host and port, TLS.", .example = "example.com:5349"}),
            field("http_upload_host", &info::http_upload_host,
                  {.about = "HTTP File Upload (XEP-0363).", .example = "upload.example.com"}),
            field("server_version", &info::server_version, {.example = "1.0.0"}),
            field("min_client_version", &info::min_client_version,
                  {.about = "Oldest client that is served.", .example = "1.0.0"}),
        };
    }
};

class service {
 public:
    explicit service(const info& constant) : text_(core::render(constant)) {}

    void add_routes(http::router& routes);

    awaitable<http::prepared_json<info>> get();

 private:
    std::string text_;
};

}  // namespace veil::server_info
