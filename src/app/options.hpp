// What each part is told, taken from the configuration.
#pragma once

#include <veil/account/service.hpp>
#include <veil/client/https_pool.hpp>
#include <veil/config/config.hpp>
#include <veil/core/url.hpp>
#include <veil/demo/service.hpp>
#include <veil/groups/service.hpp>
#include <veil/http/router.hpp>
#include <veil/push/options.hpp>
#include <veil/server_info/service.hpp>

#include "monitor.hpp"

namespace veil::app {

core::secret api_dsn(const config::settings& s);
core::secret migration_dsn(const config::settings& s);
limits::policies limit_table(const config::settings& s);
limits::attempt_rules attempt_rules(const config::settings& s);
http::router_options router_options(const config::settings& s, limits::gate& rate_limits);
server_info::info describe_server(const config::settings& s);
demo::settings demo_settings(const config::settings& s);
client::https_options ejabberd_connections(const config::settings& s, const core::https_url& url);
account::options account_options(const config::settings& s);
groups::options group_options(const config::settings& s);
push::options push_options(const config::settings& s);
monitored_files monitored_files_of(const config::settings& s);

// Who runs a command, for the detail of its line in the audit trail.
std::string by_whom();

}  // namespace veil::app
