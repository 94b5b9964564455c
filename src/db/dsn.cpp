#include <veil/db/dsn.hpp>

namespace veil::db {
namespace {

// A value in single quotes, as conninfo strings want it.
std::string quoted(std::string_view value) {
    std::string out = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') out += '\\';
        out += c;
    }
    return out + "'";
}

}  // namespace

core::secret make_dsn(const address& where, const std::string& user, const core::secret& password) {
    return core::secret("host=" + quoted(where.host) + " port=" + std::to_string(where.port) + " dbname=" +
                        quoted(where.name) + " user=" + quoted(user) + " password=" + quoted(password.reveal()) +
                        " application_name=veil-api connect_timeout=3 tcp_user_timeout=5000"
                        " options='-c statement_timeout=4000 -c lock_timeout=3000"
                        " -c idle_in_transaction_session_timeout=10000'");
}

core::secret with_time_limits(const core::secret& url) {
    const auto& text = url.reveal();
    const auto host = text.rfind('@');  // a password may have question marks of its own
    const char separator = text.find('?', host == text.npos ? 0 : host) == text.npos ? '?' : '&';
    return core::secret(text + separator +
                        "application_name=veil-api&connect_timeout=3&tcp_user_timeout=5000"
                        "&options=-c%20statement_timeout%3D4000%20-c%20lock_timeout%3D3000"
                        "%20-c%20idle_in_transaction_session_timeout%3D10000");
}

}  // namespace veil::db
