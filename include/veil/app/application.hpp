// The composition root: builds every part in order, runs the server until a signal, and takes everything down again.
#pragma once

#include <string>
#include <veil/config/config.hpp>

namespace veil::app {

// Serves until SIGTERM or SIGINT; returns the exit status: 0 after a clean stop, 1 when it could not start.
int serve(const config::settings& settings);

// Prints what would happen to a call to this bare JID; throws core::unavailable without a database.
int explain_push(const config::settings& settings, const std::string& jid);

// Prints the time line of a call; returns the exit status: 1 when nothing is known of this call id. Throws
// core::unavailable without a database.
int trace_call(const config::settings& settings, const std::string& call_id);

// Brings the database's schema up to date; returns the exit status.
int migrate(const config::settings& settings);

}  // namespace veil::app
