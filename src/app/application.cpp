#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <veil/account/service.hpp>
#include <veil/app/application.hpp>
#include <veil/async/pause.hpp>
#include <veil/async/task_group.hpp>
#include <veil/audit/audit.hpp>
#include <veil/auth/revocations.hpp>
#include <veil/auth/tokens.hpp>
#include <veil/client/https_pool.hpp>
#include <veil/core/clock.hpp>
#include <veil/core/errors.hpp>
#include <veil/db/listener.hpp>
#include <veil/db/migrations.hpp>
#include <veil/db/pool.hpp>
#include <veil/demo/service.hpp>
#include <veil/docs/service.hpp>
#include <veil/ejabberd/client.hpp>
#include <veil/groups/service.hpp>
#include <veil/health/service.hpp>
#include <veil/http/openapi.hpp>
#include <veil/http/server.hpp>
#include <veil/log/log.hpp>
#include <veil/push/service.hpp>
#include <veil/server_info/service.hpp>
#include <veil/turn/service.hpp>

#include "file_limit.hpp"
#include "monitor.hpp"
#include "options.hpp"
#include "reload.hpp"

namespace veil::app {
namespace asio = boost::asio;
using asio::awaitable;
namespace {

using namespace std::chrono_literals;

// From the signal to the end there are ten seconds, the usual patience of who stops a server: these for draining and
// for requests in flight, the rest for pushes and the database.
constexpr auto time_to_finish = 6s;
constexpr auto least_grace = 2s;  // for requests in flight, however long the server has drained
constexpr auto admin_grace = 500ms;
constexpr std::size_t admin_connections = 64;
constexpr auto start_patience = 60s;  // for the database to come up

constexpr http::api_info about_api{
    .title = "Veil API",
    .version = VEIL_VERSION,
    .description =
        "Accounts, groups, push and what calls need. Registering and signing in answer with a token; other requests "
        "carry it as `Authorization: Bearer`. Every error is `{\"detail\": ...}`."};

// The owner's password is what allows changing the schema; without it the server only looks.
void prepare_schema(const config::settings& s) {
    if (s.db_migration_password.empty())
        db::check_schema(api_dsn(s), db::embedded_migrations());
    else
        db::migrate(migration_dsn(s), db::embedded_migrations());
}

// Everything that lives as long as the server, in the order of need.
class application {
 public:
    application(asio::io_context& io, const config::settings& s)
        : signals_(io, SIGTERM, SIGINT),
          hangups_(io, SIGHUP),
          settings_(s),
          ejabberd_url_(core::parse_https_url(s.ejabberd_api_url)),
          database_({.dsn = api_dsn(s),
                     .min_connections = s.db_pool_min,
                     .max_connections = s.db_pool_max,
                     .max_waiting = s.max_in_flight}),
          ejabberd_connections_(io.get_executor(), ejabberd_connections(s, ejabberd_url_)),
          ejabberd_(io.get_executor(), ejabberd_connections_,
                    {.base_path = ejabberd_url_.path,
                     .domain = s.xmpp_domain,
                     .api_user = s.ejabberd_api_user,
                     .api_password = s.ejabberd_api_password}),
          revocations_(database_, clock_),
          tokens_({.secret = s.jwt_secret, .domain = s.xmpp_domain, .lifetime = s.jwt_ttl.count()}, clock_,
                  revocations_),
          groups_(group_options(s), database_, ejabberd_),
          attempts_(attempt_rules(s), database_),
          account_(account_options(s), database_, ejabberd_, groups_, tokens_, revocations_, attempts_),
          push_(io.get_executor(), push_options(s), database_, clock_),
          turn_(s.turn_secret.current, s.turn_ttl.count(), s.turn_uris, clock_),
          server_info_(describe_server(s)),
          health_(database_, ejabberd_),
          demo_(demo_settings(s)),
          rate_limits_(limit_table(s)),
          routes_(router_options(s, rate_limits_)),
          api_(io.get_executor(), routes_, {.max_connections = claim_connections(s), .share_port = s.share_port}),
          admin_(io.get_executor(), admin_routes_, {.max_connections = admin_connections}),
          monitor_(io.get_executor(), metrics_, database_, ejabberd_connections_, monitored_files_of(s)),
          background_(io.get_executor()),
          watchdog_(io.get_executor()),
          listener_(io.get_executor(), api_dsn(s), auth::revocation_channel,
                    {.connected =
                         [this] {
                             listening_ = true;
                             if (!stopping_) background_.spawn("reload revocations", reload_revocations());
                         },
                     .notified = [this](const std::string& payload) { revocations_.apply_notification(payload); },
                     .lost =
                         [this] {
                             listening_ = false;
                             monitor_.revocations_current(false);
                         }}),
          reload_(s, {database_, listener_, ejabberd_connections_, ejabberd_, tokens_, account_, push_, turn_}) {
        measure();
        routes_.provide(tokens_);
        account_.add_routes(routes_);
        push_.add_routes(routes_);
        turn_.add_routes(routes_);
        groups_.add_routes(routes_);
        server_info_.add_routes(routes_);
        health_.add_routes(routes_);
        if (s.demo_pages) demo_.add_routes(routes_);
        docs_.add_routes(routes_);
        docs_.publish(http::openapi(routes_, about_api));
        health_.add_routes(admin_routes_);
        monitor_.add_routes(admin_routes_);
    }

    // Serves until a signal, then stops in stages: balancers are told, no new work, no work at all.
    awaitable<void> run() {
        co_await revocations_.reload();
        watchdog_.spawn("database watch", database_.watch());
        background_.spawn("revocation pruning", revocations_.prune_forever());
        background_.spawn("limit pruning", attempts_.prune_forever());
        background_.spawn("account reconciler", account_.reconcile_forever());
        background_.spawn("group reconciler", groups_.reconcile_forever());
        background_.spawn("group sweep", groups_.sweep_forever());
        background_.spawn("reload", reload_forever());
        push_.start();
        announce("api", api_.listen(settings_.api_host, settings_.api_port));
        announce("admin", admin_.listen(settings_.admin_host, settings_.admin_port));
        const int signal = co_await signals_.async_wait(asio::use_awaitable);
        const auto finished = std::chrono::steady_clock::now() + time_to_finish;
        log::info("signal {}: stopping", signal);
        health_.drain();
        if (settings_.drain > 0s) co_await async::pause(settings_.drain);
        const auto left = std::chrono::floor<std::chrono::milliseconds>(finished - std::chrono::steady_clock::now());
        co_await api_.stop(std::max<std::chrono::milliseconds>(left, least_grace));
        co_await admin_.stop(admin_grace);
    }

    // Ends what run() left in the background, also after it failed.
    awaitable<void> stop() {
        stopping_ = true;
        listener_.stop();
        co_await push_.stop();
        co_await background_.stop();
        co_await monitor_.stop();
        co_await watchdog_.stop();  // it frees those who wait for a frozen database
        database_.stop();
        log::info("stopped");
    }

 private:
    // Before anything of it works, so that nothing goes uncounted.
    void measure() {
        routes_.measure(metrics_, "api");
        admin_routes_.measure(metrics_, "admin");
        api_.measure(metrics_, "api");
        admin_.measure(metrics_, "admin");
        database_.measure(metrics_);
        ejabberd_.measure(metrics_);
        push_.measure(metrics_);
    }

    static void announce(const char* name, const asio::ip::tcp::endpoint& at) {
        log::info("{} listening on {}:{}", name, at.address().to_string(), at.port());
    }

    // After every (re)connection of the listener, until it succeeds: notices may have been missed.
    awaitable<void> reload_revocations() {
        while (true) {
            try {
                co_await revocations_.reload();
                monitor_.revocations_current(listening_);
                co_return;
            } catch (const core::unavailable& error) {
                log::warn("revocations are not up to date: {}", error.what());
            }
            co_await async::pause(1s);
        }
    }

    awaitable<void> reload_forever() {
        while (true) {
            co_await hangups_.async_wait(asio::use_awaitable);
            co_await reload_.run();
        }
    }

    asio::signal_set signals_;  // until the end, so that a second signal does not kill a stop in progress
    asio::signal_set hangups_;
    const config::settings& settings_;
    metrics::registry metrics_;
    core::system_clock clock_;
    core::https_url ejabberd_url_;
    db::pool database_;
    client::https_pool ejabberd_connections_;
    ejabberd::client ejabberd_;
    auth::revocations revocations_;
    auth::tokens tokens_;
    groups::service groups_;
    limits::attempts attempts_;
    account::service account_;
    push::service push_;
    turn::service turn_;
    server_info::service server_info_;
    health::service health_;
    demo::service demo_;
    docs::service docs_;
    limits::gate rate_limits_;
    http::router routes_;
    http::router admin_routes_;
    http::server api_;
    http::server admin_;
    monitor monitor_;
    async::task_group background_;
    async::task_group watchdog_;
    bool stopping_ = false;
    bool listening_ = false;  // for revocations
    db::listener listener_;
    reloader reload_;
};

awaitable<void> live(application& whole) {
    std::exception_ptr failure;
    try {
        co_await whole.run();
    } catch (...) {
        failure = std::current_exception();
    }
    co_await whole.stop();
    if (failure) std::rethrow_exception(failure);
}

// The schema, as soon as the database is there.
void wait_for_schema(const config::settings& settings) {
    const auto until = std::chrono::steady_clock::now() + start_patience;
    asio::io_context waiting;
    asio::steady_timer timer(waiting);
    while (true) {
        try {
            prepare_schema(settings);
            return;
        } catch (const core::unavailable& error) {
            if (std::chrono::steady_clock::now() > until) throw;
            log::warn("waiting for the database: {}", error.what());
        }
        timer.expires_after(1s);
        timer.wait();
    }
}

// Runs `work`; what it throws ends the program with a line in the log.
template <class F>
int guarded(F work) {
    try {
        work();
        return 0;
    } catch (const std::exception& error) {
        log::error("cannot go on: {}", error.what());
        return 1;
    }
}

}  // namespace

int serve(const config::settings& settings) {
    std::signal(SIGHUP, SIG_IGN);  // until there is something to read again
    // A name server that is out of reach is given up soon: the lookups of all hosts wait for each other
    // (resolv.conf(5)).
    ::setenv("RES_OPTIONS", "timeout:2 attempts:1", 0);
    return guarded([&] {
        const audit::trail trail(settings.audit_log);
        wait_for_schema(settings);
        asio::io_context io(1);
        application whole(io, settings);
        std::exception_ptr failure;
        asio::co_spawn(io, live(whole), [&](const std::exception_ptr& error) { failure = error; });
        io.run();
        if (failure) std::rethrow_exception(failure);
    });
}

int migrate(const config::settings& settings) {
    return guarded([&] {
        const audit::trail trail(settings.audit_log);
        audit::action noted("admin_command", {}, {}, "migrate" + by_whom());
        if (settings.db_migration_password.empty()) throw std::runtime_error("DB_MIGRATION_PASSWORD is empty");
        const auto applied = db::migrate(migration_dsn(settings), db::embedded_migrations());
        log::info("the schema is up to date; {} migrations applied", applied);
        noted.ended("ok");
    });
}

}  // namespace veil::app
