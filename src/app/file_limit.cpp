#include "file_limit.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <veil/log/log.hpp>

namespace veil::app {
namespace {

// For the log, the listeners, ejabberd, the push providers and their keys, and the operators' own requests.
constexpr std::size_t other_files = 160;

std::size_t raised_limit() {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) {
        log::warn("the file limit is unknown: {}", std::strerror(errno));
        return 1024;
    }
    const auto before = files.rlim_cur;
    files.rlim_cur = files.rlim_max;
    if (::setrlimit(RLIMIT_NOFILE, &files) != 0) files.rlim_cur = before;
    return static_cast<std::size_t>(files.rlim_cur);
}

}  // namespace

std::size_t claim_connections(const config::settings& s) {
    const auto files = raised_limit();
    const auto taken = std::min(files / 2, other_files + s.db_pool_max);
    const auto out = std::min(s.max_connections, files - taken);
    if (out < s.max_connections)
        log::warn("the file limit is {}: {} connections at most, not {}; raise it (ulimit -n, LimitNOFILE=)", files,
                  out, s.max_connections);
    else
        log::info("the file limit is {}: {} connections at most", files, out);
    return out;
}

}  // namespace veil::app
