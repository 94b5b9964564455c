// Any text as an Authorization header: without the key it ends in a 401, whatever it is.
#include <cstdint>
#include <cstdlib>
#include <veil/auth/tokens.hpp>
#include <veil/core/errors.hpp>

namespace {
const veil::core::system_clock wall_clock;
veil::db::pool no_database{{.dsn = veil::core::secret("port=1"), .min_connections = 0, .max_connections = 1}};
veil::auth::revocations none_revoked(no_database, wall_clock);
veil::auth::tokens tokens({.secret = veil::core::secret("nobody knows it"), .domain = "example.com"}, wall_clock,
                          none_revoked);
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        tokens.authenticate("Bearer " + std::string(reinterpret_cast<const char*>(data), size));
        std::abort();
    } catch (const veil::core::api_error& error) {
        if (error.status() != 401) std::abort();
    }
    return 0;
}
