#include "variables.hpp"

#include <libpq-fe.h>

#include <charconv>
#include <limits>
#include <memory>
#include <type_traits>
#include <veil/core/ascii.hpp>
#include <veil/core/url.hpp>

#include "rate.hpp"

namespace veil::config {
namespace {

template <auto Member>
void text(settings& s, const std::string& value) {
    if (value.find_first_of("\r\n") != std::string::npos) throw std::invalid_argument("is not one line");
    s.*Member = value;
}

template <auto Member>
void hidden(settings& s, const std::string& value) {
    s.*Member = core::secret(value);
}

// Whether libpq can read it. What libpq says of another one, also when it connects, quotes from it.
bool is_database_url(const std::string& value) {
    if (!value.starts_with("postgresql://") && !value.starts_with("postgres://")) return false;
    const std::unique_ptr<PQconninfoOption[], decltype(&PQconninfoFree)> options(
        PQconninfoParse(value.c_str(), nullptr), PQconninfoFree);
    if (!options) return false;
    for (const auto* each = options.get(); each->keyword != nullptr; ++each)
        if (each->keyword == std::string_view("port") && each->val != nullptr &&
            std::string_view(each->val).find_first_not_of("0123456789,") != std::string_view::npos)
            return false;
    return true;
}

void database_url(settings& s, const std::string& value) {
    if (!value.empty() && !is_database_url(value)) throw std::invalid_argument("is not a postgresql:// address");
    s.db_url = core::secret(value);
}

template <auto Member>
void current(settings& s, const std::string& value) {
    (s.*Member).current = core::secret(value);
}

template <auto Member>
void previous(settings& s, const std::string& value) {
    (s.*Member).previous = core::secret(value);
}

template <auto Member>
void list(settings& s, const std::string& value) {
    s.*Member = core::split_list(value);
}

template <auto Member>
void domain(settings& s, const std::string& value) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    };
    const auto name = core::to_lower(value);
    for (const char c : name)
        if (!allowed(c)) throw std::invalid_argument("is not a domain name");
    s.*Member = name;
}

std::int64_t number(const std::string& value, std::int64_t low, std::int64_t high) {
    std::int64_t out = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), out);
    if (error != std::errc{} || end != value.data() + value.size() || out < low || out > high)
        throw std::invalid_argument("is not a whole number from " + std::to_string(low) + " to " +
                                    std::to_string(high));
    return out;
}

template <auto Member>
void port(settings& s, const std::string& value) {
    s.*Member = static_cast<std::uint16_t>(number(value, 0, std::numeric_limits<std::uint16_t>::max()));
}

template <auto Member, std::int64_t Low, std::int64_t High>
void whole(settings& s, const std::string& value) {
    s.*Member = static_cast<std::remove_reference_t<decltype(s.*Member)>>(number(value, Low, High));
}

template <auto Member>
void limit(settings& s, const std::string& value) {
    s.*Member = parse_rate(value);
}

void proxies(settings& s, const std::string& value) {
    s.trusted_proxies.clear();
    for (const auto& each : core::split_list(value))
        if (each != "none") s.trusted_proxies.push_back(core::parse_network(each));
}

template <auto Member, std::int64_t Low, std::int64_t High>
void seconds(settings& s, const std::string& value) {
    s.*Member = std::chrono::seconds(number(value, Low, High));
}

template <auto Member>
void address(settings& s, const std::string& value) {
    if (value.empty()) return;
    const auto colon = value.rfind(':');
    if (colon == std::string::npos || colon == 0) throw std::invalid_argument("is not host:port");
    const auto at = static_cast<std::uint16_t>(number(value.substr(colon + 1), 1, 65535));
    s.*Member = {.host = value.substr(0, colon), .port = at};
}

template <auto Member>
void boolean(settings& s, const std::string& value) {
    const auto word = core::to_lower(value);
    if (word != "true" && word != "false" && word != "1" && word != "0")
        throw std::invalid_argument("is neither true nor false");
    s.*Member = word == "true" || word == "1";
}

void level(settings& s, const std::string& value) {
    if (value == "debug")
        s.log_level = log::level::debug;
    else if (value == "info")
        s.log_level = log::level::info;
    else if (value == "warn")
        s.log_level = log::level::warn;
    else if (value == "error")
        s.log_level = log::level::error;
    else
        throw std::invalid_argument("is none of debug, info, warn, error");
}

void format(settings& s, const std::string& value) {
    if (value != "text" && value != "json") throw std::invalid_argument("is neither text nor json");
    s.log_format = value == "json" ? log::format::json : log::format::text;
}

void https_url(settings& s, const std::string& value) {
    if (!value.starts_with("https://")) throw std::invalid_argument("is not an https:// address");
    s.ejabberd_api_url = value;
}

template <auto Member>
void wss_url(settings& s, const std::string& value) {
    if (!value.empty()) core::wss_origin(value);
    s.*Member = value;
}

using s = settings;

constexpr variable secrets[] = {
    {"DB_PASSWORD", "", "text", "password of the database role DB_USER (not needed with DB_URL)",
     hidden<&s::db_password>, source::generated_secret},
    {"DB_MIGRATION_PASSWORD", "", "text",
     "password of DB_MIGRATION_USER; empty: the server checks the schema but never changes it",
     hidden<&s::db_migration_password>, source::generated_secret},
    {"EJABBERD_API_PASSWORD", "", "text", "password of the account EJABBERD_API_USER",
     hidden<&s::ejabberd_api_password>, source::generated_secret},
    {"JWT_SECRET", "", "at least 32 bytes", "signs the clients' tokens (HS256)", current<&s::jwt_secret>,
     source::generated_secret},
    {"TURN_SECRET", "", "at least 32 bytes", "shared with coturn for short-lived TURN credentials",
     current<&s::turn_secret>, source::generated_secret},
    {"WEBHOOK_SECRET", "", "text", "what Kamailio sends in X-Webhook-Secret; empty: only loopback peers are served",
     current<&s::webhook_secret>, source::generated_secret},
    {"EJABBERD_DB_PASSWORD", "", "text", "password of the database role ejabberd", nullptr, source::generated_secret},
    {"KAMAILIO_DB_PASSWORD", "", "text", "password of the database role kamailio", nullptr, source::generated_secret},
};

constexpr variable previous_secrets[] = {
    {"JWT_SECRET_PREVIOUS", "", "at least 32 bytes", "tokens that it signed are accepted too, until they expire",
     previous<&s::jwt_secret>, source::previous_secret},
    {"TURN_SECRET_PREVIOUS", "", "at least 32 bytes", "coturn accepts credentials made with it too",
     previous<&s::turn_secret>, source::previous_secret},
    {"WEBHOOK_SECRET_PREVIOUS", "", "text", "accepted in X-Webhook-Secret too", previous<&s::webhook_secret>,
     source::previous_secret},
};

constexpr variable names[] = {
    {"SERVER_IP", "127.0.0.1", "IP address", "public address of this server", text<&s::server_ip>},
    {"XMPP_DOMAIN", "example.com", "domain", "domain of the JIDs", domain<&s::xmpp_domain>},
    {"SIP_DOMAIN", "example.com", "domain", "domain of the SIP addresses", domain<&s::sip_domain>},
    {"TURN_DOMAIN", "example.com", "domain", "host name of coturn", domain<&s::turn_domain>},
    {"XMPP_HOST", "example.com", "domain", "host name of ejabberd", domain<&s::xmpp_host>},
    {"HTTP_UPLOAD_DOMAIN", "upload.example.com", "domain", "host name of the file upload service",
     domain<&s::http_upload_domain>},
    {"XMPP_WS_URL", "", "wss:// address", "XMPP over WebSocket; empty: wss://XMPP_HOST:XMPP_PORT_WS/ws",
     text<&s::xmpp_ws_url>},
    {"SIP_WS_URL", "", "wss:// address", "SIP over WebSocket, for /demo; empty: wss://SIP_DOMAIN:SIP_PORT_WSS",
     wss_url<&s::sip_ws_url>},
    {"SERVER_VERSION", "1.0.0", "text", "version that clients are told", text<&s::server_version>},
    {"MIN_CLIENT_VERSION", "1.0.0", "text", "oldest client version that is served", text<&s::min_client_version>},
};

constexpr variable api[] = {
    {"API_HOST", "0.0.0.0", "IP address", "address the API listens on (plain HTTP; scripts/up.sh uses 127.0.0.1)",
     text<&s::api_host>},
    {"API_PORT", "8443", "port, 0 = any free one", "port of the API", port<&s::api_port>},
    {"ADMIN_HOST", "127.0.0.1", "IP address", "address of the operators' listener", text<&s::admin_host>},
    {"ADMIN_PORT", "9443", "port, 0 = any free one", "port of the operators' listener", port<&s::admin_port>},
    {"API_SHARED_LISTENER", "false", "true or false",
     "let several processes of one user listen on API_PORT, the kernel spreads connections over them (SO_REUSEPORT)",
     boolean<&s::share_port>},
    {"DRAIN_SECONDS", "0", "seconds, 0 to 60",
     "how long a server that was told to stop still serves while /readyz says 503, for a balancer to notice",
     seconds<&s::drain, 0, 60>},
    {"CORS_ORIGINS", "", "comma-separated list, or *", "origins whose browsers may call the API; empty: none",
     list<&s::cors_origins>},
    {"JWT_TTL", "86400", "seconds, 60 and more", "lifetime of a token", seconds<&s::jwt_ttl, 60, 366 * 86400>},
    {"TURN_TTL", "86400", "seconds, 60 and more", "lifetime of TURN credentials",
     seconds<&s::turn_ttl, 60, 366 * 86400>},
    {"TURN_URIS", "", "comma-separated list",
     "TURN servers that clients are told; empty: TURN_DOMAIN over UDP, TCP and TLS", list<&s::turn_uris>},
    {"RESERVED_USERNAMES",
     "abuse,admin,administrator,api,ejabberd,help,hostmaster,info,moderator,noreply,postmaster,root,security,support,"
     "system,veil,webmaster,www",
     "comma-separated list", "names nobody can register", list<&s::reserved_usernames>},
    {"ALLOW_WEAK_SECRETS", "false", "true or false",
     "start although JWT_SECRET or TURN_SECRET is weak; never in production", boolean<&s::allow_weak_secrets>},
    {"DEMO_PAGES", "false", "true or false", "serve /demo, a page to try calls between two browser tabs",
     boolean<&s::demo_pages>},
    {"LOG_LEVEL", "info", "debug, info, warn or error", "least important line that is logged", level, source::file},
    {"LOG_FORMAT", "text", "text or json", "form of the log lines", format},
    {"AUDIT_LOG", "stderr", "stderr, off or a file", "where who did what is written, one JSON line each",
     text<&s::audit_log>},
};

constexpr variable limits[] = {
    {"RATE_LIMIT_REGISTER", "20/h,burst=20", "rate, 0 = off", "registrations from one address (all processes together)",
     limit<&s::limit_register>},
    {"RATE_LIMIT_LOGIN", "10/m,burst=20", "rate, 0 = off",
     "requests with a password from one address: login, password change, deletion (all processes together)",
     limit<&s::limit_login>},
    {"RATE_LIMIT_LOGIN_FAILURES", "5", "number, 0 = off",
     "wrong passwords for one account from one address; from then on each costs a wait of 1, 2, 4 ... 900 seconds",
     whole<&s::login_failures, 0, 1000>},
    {"RATE_LIMIT_LOGIN_ACCOUNT", "30/h,burst=60", "rate, 0 = off",
     "wrong passwords for one account from all addresses that have never signed in to it",
     limit<&s::limit_login_account>},
    {"RATE_LIMIT_PUSH_TEST", "6/m,burst=6", "rate, 0 = off", "test pushes of one account", limit<&s::limit_push_test>},
    {"RATE_LIMIT_ACCOUNT", "20/s,burst=200", "rate, 0 = off", "all other requests of one account",
     limit<&s::limit_account>},
    {"RATE_LIMIT_ADDRESS", "20/s,burst=200", "rate, 0 = off",
     "all other requests from one address without a token that counts", limit<&s::limit_address>},
    {"TRUSTED_PROXIES", "127.0.0.1,::1", "list of addresses and networks, or none",
     "proxies whose X-Forwarded-For names the client's address", proxies},
    {"MAX_CONNECTIONS", "20000", "16 to 1000000",
     "connections of clients; beyond them the one that is idle longest is closed (the file limit may allow fewer)",
     whole<&s::max_connections, 16, 1'000'000>},
    {"MAX_IN_FLIGHT", "512", "16 to 100000",
     "requests worked on at once, an eighth of them only health checks and calls; others are answered 503",
     whole<&s::max_in_flight, 16, 100'000>},
};

constexpr variable database[] = {
    {"DB_URL", "", "postgresql:// address",
     "the database as one address, instead of DB_HOST, DB_PORT, DB_NAME, DB_USER and DB_PASSWORD; migrations still use "
     "the first three",
     database_url, source::secret},
    {"DB_HOST", "127.0.0.1", "host name or IP address", "host of PostgreSQL", text<&s::db_host>},
    {"DB_PORT", "5432", "port", "port of PostgreSQL", port<&s::db_port>},
    {"DB_NAME", "veil", "name", "database of the API", text<&s::db_name>},
    {"DB_USER", "veil", "name", "role of the API; may read and write rows, nothing else", text<&s::db_user>},
    {"DB_MIGRATION_USER", "veil_owner", "name", "role that owns the tables and runs sql/NNN_*.sql",
     text<&s::db_migration_user>},
    {"DB_POOL_MIN", "2", "1 to 100", "connections kept open", whole<&s::db_pool_min, 1, 100>},
    {"DB_POOL_MAX", "10", "1 to 100", "connections at most", whole<&s::db_pool_max, 1, 100>},
};

constexpr variable xmpp[] = {
    {"EJABBERD_API_URL", "https://127.0.0.1:5444/api", "https:// address",
     "ejabberd's admin API (scripts/up.sh follows EJABBERD_API_PORT)", https_url},
    {"EJABBERD_API_USER", "veil-api", "name", "account of XMPP_DOMAIN that may use the admin API",
     text<&s::ejabberd_api_user>},
    {"GROUP_SWEEP_SECONDS", "20", "seconds, 1 to 45",
     "how often every group is compared with its room, for what owners change over XMPP",
     seconds<&s::group_sweep, 1, 45>},
    {"EJABBERD_CA_FILE", "certs/ca.pem", "file",
     "certificate authority that ejabberd's certificate is verified against", text<&s::ejabberd_ca_file>},
    {"SERVER_CERTIFICATE_FILE", "", "file",
     "certificate that clients of XMPP, SIP and TURN are shown, for veil_certificate_days_left; empty: none",
     text<&s::server_certificate_file>},
};

constexpr variable push[] = {
    {"APNS_KEY_PATH", "/etc/veil/apns_key.p8", "file", "Apple's signing key", text<&s::apns_key_path>},
    {"APNS_KEY_ID", "", "text", "id of that key; empty: no pushes to iOS", text<&s::apns_key_id>, source::file},
    {"APNS_TEAM_ID", "", "text", "Apple team id", text<&s::apns_team_id>},
    {"APNS_BUNDLE_ID", "com.example.veil", "text", "bundle id of the app", text<&s::apns_bundle_id>},
    {"APNS_USE_SANDBOX", "false", "true or false", "send to Apple's development servers first",
     boolean<&s::apns_use_sandbox>},
    {"APNS_TRY_BOTH", "true", "true or false",
     "try the other one of Apple's two environments when the first does not know a device, before forgetting it",
     boolean<&s::apns_try_both>},
    {"FCM_SERVICE_ACCOUNT_PATH", "/etc/veil/fcm_service_account.json", "file", "Google service account",
     text<&s::fcm_service_account_path>},
    {"RING_TIME", "30", "seconds, 2 to 120", "how long a call rings: no push is sent or kept for longer",
     seconds<&s::ring_time, 2, 120>},
    {"PUSH_CA_FILE", "", "file",
     "for tests: authority that the providers' certificates are verified against; empty: the system's",
     text<&s::push_ca_file>},
    {"APNS_HOST", "api.push.apple.com:443", "host:port", "for tests: APNs, production", address<&s::apns_host>},
    {"APNS_SANDBOX_HOST", "api.sandbox.push.apple.com:443", "host:port", "for tests: APNs, sandbox",
     address<&s::apns_sandbox_host>},
    {"FCM_HOST", "fcm.googleapis.com:443", "host:port", "for tests: Firebase Cloud Messaging", address<&s::fcm_host>},
    {"FCM_TOKEN_HOST", "", "host:port",
     "for tests: where Google's access tokens are fetched; empty: the token_uri of the service account",
     address<&s::fcm_token_host>},
};

constexpr variable ports[] = {
    {"XMPP_PORT_STARTTLS", "5222", "port", "XMPP clients, STARTTLS", port<&s::xmpp_port_starttls>},
    {"XMPP_PORT_TLS", "5223", "port", "XMPP clients, direct TLS", port<&s::xmpp_port_tls>},
    {"XMPP_PORT_WS", "5280", "port", "XMPP clients, WebSocket over TLS", port<&s::xmpp_port_ws>},
    {"XMPP_PORT_UPLOAD", "5443", "port", "file upload and download over HTTPS", nullptr},
    {"EJABBERD_API_PORT", "5444", "port", "ejabberd's admin API, internal only", nullptr},
    {"SIP_PORT", "5060", "port", "SIP clients, UDP and TCP", nullptr},
    {"SIP_PORT_TLS", "5061", "port", "SIP clients, TLS", port<&s::sip_port_tls>},
    {"SIP_PORT_WSS", "8089", "port", "SIP clients, WebSocket over TLS", port<&s::sip_port_wss>},
    {"RTP_PORT_MIN", "20000", "port", "media over UDP, first port; a video call takes eight", nullptr},
    {"RTP_PORT_MAX", "20100", "port", "media over UDP, last port", nullptr},
    {"RTPENGINE_NG_PORT", "2223", "port", "rtpengine's control protocol, internal only", nullptr},
    {"TURN_PORT", "3478", "port", "TURN over UDP and TCP", port<&s::turn_port>},
    {"TURN_PORT_TLS", "5349", "port", "TURN over TLS", port<&s::turn_port_tls>},
    {"TURN_RELAY_PORT_MIN", "49160", "port", "relayed media over UDP, first port", nullptr},
    {"TURN_RELAY_PORT_MAX", "49200", "port", "relayed media over UDP, last port", nullptr},
};

constexpr variable sip[] = {
    {"SIP_SRTP", "dtls", "dtls or sdes", "how media is encrypted that is offered to native apps; browsers get dtls",
     nullptr},
    {"SIP_ALLOW_PLAIN_RTP", "false", "true or false",
     "for tests: media of native clients may be, and is offered, unencrypted", nullptr},
};

constexpr variable stack[] = {
    {"VEIL_STATE", ".veil", "folder", "where scripts/up.sh keeps everything it runs", nullptr},
};

constexpr section all[] = {
    {"Secrets (scripts/up.sh fills empty ones with random values)", secrets},
    {"Secrets that were replaced (docs/rotation.md)", previous_secrets},
    {"Names that clients are told", names},
    {"API server", api},
    {"Limits", limits},
    {"Database", database},
    {"ejabberd's admin API", xmpp},
    {"Push providers", push},
    {"Ports of the other services", ports},
    {"SIP server", sip},
    {"Native stack", stack},
};

}  // namespace

std::span<const section> sections() { return all; }

}  // namespace veil::config
