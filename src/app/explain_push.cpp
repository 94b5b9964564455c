#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <veil/app/application.hpp>
#include <veil/audit/audit.hpp>
#include <veil/core/clock.hpp>
#include <veil/db/pool.hpp>
#include <veil/push/service.hpp>

#include "options.hpp"

namespace veil::app {

int explain_push(const config::settings& settings, const std::string& jid) {
    const audit::trail trail(settings.audit_log);
    audit::action noted("admin_command", {}, jid, "push explain" + by_whom());
    boost::asio::io_context io(1);
    const core::system_clock clock;
    db::pool database({.dsn = api_dsn(settings), .min_connections = 0, .max_connections = 1});
    std::exception_ptr failure;
    boost::asio::co_spawn(io, push::explain(push_options(settings), database, clock, jid),
                          [&](const std::exception_ptr& error, const std::string& text) {
                              failure = error;
                              std::fputs(text.c_str(), stdout);
                          });
    io.run();
    if (failure) std::rethrow_exception(failure);
    noted.ended("ok");
    return 0;
}

}  // namespace veil::app
