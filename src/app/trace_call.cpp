#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <optional>
#include <veil/app/application.hpp>
#include <veil/audit/audit.hpp>
#include <veil/db/pool.hpp>
#include <veil/push/service.hpp>

#include "options.hpp"

namespace veil::app {

int trace_call(const config::settings& settings, const std::string& call_id) {
    const audit::trail trail(settings.audit_log);
    audit::action noted("admin_command", {}, {}, "trace" + by_whom());
    boost::asio::io_context io(1);
    db::pool database({.dsn = api_dsn(settings), .min_connections = 0, .max_connections = 1});
    std::exception_ptr failure;
    std::optional<std::string> found;
    boost::asio::co_spawn(io, push::trace(database, call_id),
                          [&](const std::exception_ptr& error, std::optional<std::string> text) {
                              failure = error;
                              found = std::move(text);
                          });
    io.run();
    if (failure) std::rethrow_exception(failure);
    noted.ended("ok");
    if (found) return std::fputs(found->c_str(), stdout) < 0 ? 1 : 0;
    std::fputs("veil-api: nothing is known of this call; webhooks and pushes are kept for seven days\n", stderr);
    return 1;
}

}  // namespace veil::app
