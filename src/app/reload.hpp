// What SIGHUP does: reads again what can change while the process lives, and hands each item to whoever uses it. An
// item that is no good is refused with one line in the log, and the old one stays; work in hand is not disturbed. Owned
// by the application; I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <string>
#include <vector>
#include <veil/account/service.hpp>
#include <veil/auth/tokens.hpp>
#include <veil/client/https_pool.hpp>
#include <veil/config/config.hpp>
#include <veil/db/listener.hpp>
#include <veil/db/pool.hpp>
#include <veil/ejabberd/client.hpp>
#include <veil/push/service.hpp>
#include <veil/turn/service.hpp>

namespace veil::app {

using boost::asio::awaitable;

// Who is told.
struct reload_targets {
    db::pool& database;
    db::listener& listener;
    client::https_pool& ejabberd_connections;
    ejabberd::client& ejabberd;
    auth::tokens& tokens;
    account::service& account;
    push::service& push;
    turn::service& turn;
};

class reloader {
 public:
    // settings: those that the process was started with.
    reloader(config::settings settings, reload_targets targets);

    // Reads everything once; never throws but for cancellation.
    awaitable<void> run();

 private:
    awaitable<void> reload_item(config::item which);
    awaitable<std::string> apply(config::item which, const config::settings& wanted);
    awaitable<void> reload_push_keys();
    void reload_authority(const char* variable, const std::string& path, std::string& known,
                          void (reloader::*trust)(const std::string&));
    void trust_ejabberd(const std::string& path) { targets_.ejabberd_connections.trust(path); }
    void trust_providers(const std::string& path) { targets_.push.trust(path); }
    void reopen_audit_log();
    void taken(std::string_view what, std::string_view remark);
    void refused(std::string_view what, std::string_view why);

    config::settings settings_;
    reload_targets targets_;
    std::string ejabberd_authority_, push_authority_;  // digests of the files in use
    std::size_t taken_ = 0, refused_ = 0;              // by this run
};

}  // namespace veil::app
