#include "options.hpp"

#include <unistd.h>

#include <veil/db/dsn.hpp>

namespace veil::app {
namespace {

push::endpoint endpoint_of(const config::host_port& at) { return {.host = at.host, .port = at.port}; }

limits::rule rule_of(const config::rate& from) {
    if (from.count == 0) return {};
    return {.interval = std::chrono::microseconds(from.per) / from.count, .burst = from.burst};
}

}  // namespace

core::secret api_dsn(const config::settings& s) {
    if (!s.db_url.empty()) return db::with_time_limits(s.db_url);
    return db::make_dsn({s.db_host, s.db_port, s.db_name}, s.db_user, s.db_password);
}

core::secret migration_dsn(const config::settings& s) {
    return db::make_dsn({s.db_host, s.db_port, s.db_name}, s.db_migration_user, s.db_migration_password);
}

limits::policies limit_table(const config::settings& s) {
    return {.account = rule_of(s.limit_account),
            .address = rule_of(s.limit_address),
            .registration = rule_of(s.limit_register),
            .login = rule_of(s.limit_login),
            .push_test = rule_of(s.limit_push_test)};
}

limits::attempt_rules attempt_rules(const config::settings& s) {
    return {.registration = rule_of(s.limit_register),
            .login = rule_of(s.limit_login),
            .account = rule_of(s.limit_login_account),
            .free_failures = s.login_failures,
            .secret = s.jwt_secret.current};
}

http::router_options router_options(const config::settings& s, limits::gate& rate_limits) {
    return {.cors_origins = s.cors_origins,
            .trusted_proxies = http::proxies(s.trusted_proxies),
            .rate_limits = &rate_limits,
            .load = {.in_flight = s.max_in_flight, .reserved = s.max_in_flight / 8}};
}

server_info::info describe_server(const config::settings& s) {
    return {.xmpp_domain = s.xmpp_domain,
            .xmpp_host = s.xmpp_host,
            .xmpp_port_tls = s.xmpp_port_tls,
            .xmpp_port_starttls = s.xmpp_port_starttls,
            .xmpp_ws_url = s.xmpp_ws_url,
            .sip_domain = s.sip_domain,
            .sip_port_tls = s.sip_port_tls,
            .turn_server = s.turn_domain + ":" + std::to_string(s.turn_port),
            .turn_server_tls = s.turn_domain + ":" + std::to_string(s.turn_port_tls),
            .http_upload_host = s.http_upload_domain,
            .server_version = s.server_version,
            .min_client_version = s.min_client_version};
}

demo::settings demo_settings(const config::settings& s) {
    return {.xmpp_domain = s.xmpp_domain, .sip_domain = s.sip_domain, .sip_ws_url = s.sip_ws_url};
}

client::https_options ejabberd_connections(const config::settings& s, const core::https_url& url) {
    // Whatever may be in flight finds a place in the queue: it is bounded already.
    return {.host = url.host, .port = url.port, .ca_file = s.ejabberd_ca_file, .max_waiting = s.max_in_flight + 256};
}

account::options account_options(const config::settings& s) {
    return {.xmpp_domain = s.xmpp_domain,
            .sip_domain = s.sip_domain,
            .decoy_user = s.ejabberd_api_user,
            .reserved_usernames = s.reserved_usernames,
            .sealing_secret = s.jwt_secret};
}

groups::options group_options(const config::settings& s) {
    return {.xmpp_domain = s.xmpp_domain, .muc_service = "muc." + s.xmpp_domain, .sweep_interval = s.group_sweep};
}

std::string by_whom() { return ", by uid " + std::to_string(::getuid()); }

push::options push_options(const config::settings& s) {
    return {.xmpp_domain = s.xmpp_domain,
            .webhook_secret = s.webhook_secret,
            .sealing_secret = s.jwt_secret,
            .ring_time = s.ring_time,
            .ca_file = s.push_ca_file,
            .apns_key_path = s.apns_key_path,
            .apns_key_id = s.apns_key_id,
            .apns_team_id = s.apns_team_id,
            .apns_bundle_id = s.apns_bundle_id,
            .apns_sandbox_first = s.apns_use_sandbox,
            .apns_try_both = s.apns_try_both,
            .apns_production = endpoint_of(s.apns_host),
            .apns_sandbox = endpoint_of(s.apns_sandbox_host),
            .fcm_account_path = s.fcm_service_account_path,
            .fcm = endpoint_of(s.fcm_host),
            .fcm_token = endpoint_of(s.fcm_token_host)};
}

monitored_files monitored_files_of(const config::settings& s) {
    return {.ejabberd_ca = s.ejabberd_ca_file, .push_ca = s.push_ca_file, .server = s.server_certificate_file};
}

}  // namespace veil::app
