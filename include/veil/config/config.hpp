// The configuration, read in main from the environment and from the files that it names. One table
// (src/config/variables.cpp) names every variable with its default, rule and help line; it feeds --help, --check-config
// and .env.example. What can change while a process lives is read again by reread().
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>
#include <veil/core/address.hpp>
#include <veil/core/secret.hpp>
#include <veil/log/log.hpp>

namespace veil::config {

struct host_port {
    std::string host;
    std::uint16_t port = 0;
};

// So many in a time, and so many at once; a count of 0: no limit.
struct rate {
    std::int64_t count = 0;
    std::chrono::seconds per{1};
    std::int64_t burst = 0;
};

struct settings {
    // addresses the server listens on
    std::string api_host, admin_host;
    std::uint16_t api_port = 0, admin_port = 0;
    std::chrono::seconds drain{0};  // from the signal to the closing of the listeners
    std::vector<std::string> cors_origins;
    bool demo_pages = false;

    // limits
    std::vector<core::ip_network> trusted_proxies;
    rate limit_account, limit_address, limit_register, limit_login, limit_login_account, limit_push_test;
    std::int64_t login_failures = 0;
    std::size_t max_connections = 0, max_in_flight = 0;
    bool share_port = false;

    // secrets
    core::secret_pair jwt_secret, turn_secret, webhook_secret;
    bool allow_weak_secrets = false;
    std::chrono::seconds jwt_ttl{0}, turn_ttl{0};

    // database
    core::secret db_url, db_password, db_migration_password;
    std::string db_host, db_name, db_user, db_migration_user;
    std::uint16_t db_port = 0;
    std::size_t db_pool_min = 0, db_pool_max = 0;

    // ejabberd
    std::string ejabberd_api_url, ejabberd_api_user, ejabberd_ca_file, server_certificate_file;
    core::secret ejabberd_api_password;

    // accounts and groups
    std::vector<std::string> reserved_usernames;
    std::chrono::seconds group_sweep{0};

    // what clients are told
    std::string server_ip, xmpp_domain, sip_domain, turn_domain, xmpp_host, http_upload_domain, xmpp_ws_url, sip_ws_url;
    std::string server_version, min_client_version;
    std::uint16_t xmpp_port_tls = 0, xmpp_port_starttls = 0, xmpp_port_ws = 0, sip_port_tls = 0, sip_port_wss = 0;
    std::uint16_t turn_port = 0, turn_port_tls = 0;
    std::vector<std::string> turn_uris;

    // push providers
    std::string apns_key_path, apns_key_id, apns_team_id, apns_bundle_id, fcm_service_account_path, push_ca_file;
    bool apns_use_sandbox = false, apns_try_both = true;
    host_port apns_host, apns_sandbox_host, fcm_host, fcm_token_host;  // the last one's host is empty: token_uri's
    std::chrono::seconds ring_time{0};

    // log
    log::level log_level = log::level::info;
    log::format log_format = log::format::text;
    std::string audit_log;

    // what an operator should know although the server starts
    std::vector<std::string> warnings;
};

// Every fault of the environment at once, one line each.
class invalid : public std::runtime_error {
 public:
    explicit invalid(std::vector<std::string> faults);
    const std::vector<std::string>& faults() const noexcept { return faults_; }

 private:
    std::vector<std::string> faults_;
};

using environment = std::function<std::optional<std::string>(const std::string& name)>;

// The process's own environment; an empty variable counts as unset.
std::optional<std::string> process_environment(const std::string& name);

// Throws `invalid` with every fault.
settings load(const environment& env);

// What can change while a process lives: values that come from files (NAME_FILE). One item is taken whole or not at
// all.
enum class item { jwt_secret, turn_secret, webhook_secret, database, ejabberd_api_password, apns_key_id, log_level };
inline constexpr std::array items{item::jwt_secret, item::turn_secret,           item::webhook_secret,
                                  item::database,   item::ejabberd_api_password, item::apns_key_id,
                                  item::log_level};

// The variable that it is known by.
std::string_view name_of(item which);

// Whether all of it comes from the environment, which cannot change.
bool is_fixed(item which, const environment& env);

// Reads one item again, into `s`, and whether it is another one now. Throws `invalid`, and leaves `s` as it was. What
// an operator should know is in s.warnings afterwards, and nothing else.
bool reread(item which, settings& s, const environment& env);

// The variables as --help shows them, and the whole text of .env.example.
std::string help();
std::string env_example();

}  // namespace veil::config
