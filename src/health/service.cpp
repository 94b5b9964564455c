#include <pqxx/pqxx>
#include <veil/core/errors.hpp>
#include <veil/health/service.hpp>

namespace veil::health {
namespace {

awaitable<bool> works(db::pool& database) {
    try {
        co_await database.run([](pqxx::work& tx) { tx.exec("SELECT 1"); });
        co_return true;
    } catch (const core::unavailable&) {
        co_return false;
    }
}

std::string word(bool ok) { return ok ? "ok" : "unavailable"; }

}  // namespace

void service::add_routes(http::router& routes) {
    routes.on("GET", "/healthz", *this, &service::live,
              {.id = "get_liveness",
               .summary = "Whether the process lives",
               .limit = limits::route_class::unlimited,
               .first = true});
    routes.on("GET", "/readyz", *this, &service::ready,
              {.id = "get_readiness",
               .summary = "Whether database and ejabberd can be used",
               .limit = limits::route_class::unlimited,
               .first = true});
}

awaitable<alive> service::live() { co_return alive{"ok"}; }

awaitable<http::with_status<readiness, 200, 503>> service::ready() {
    const bool database = co_await works(database_);
    const bool xmpp = co_await xmpp_.ready();
    const bool both = database && xmpp;
    co_return http::with_status<readiness, 200, 503>{
        both && !draining_ ? 200 : 503, {draining_ ? "stopping" : word(both), {word(database), word(xmpp)}}};
}

}  // namespace veil::health
