// Crash points for the fault tests: in builds with VEIL_FAULT_POINTS the process kills itself with SIGKILL at the point
// that the environment variable VEIL_FAULT names; in a release they are nothing.
#pragma once

#ifdef VEIL_FAULT_POINTS
#include <csignal>
#include <cstdlib>
#include <string_view>
#endif

namespace veil::core {

inline void fault_point([[maybe_unused]] const char* name) {
#ifdef VEIL_FAULT_POINTS
    const char* wanted = std::getenv("VEIL_FAULT");
    if (wanted != nullptr && std::string_view(wanted) == name) std::raise(SIGKILL);
#endif
}

}  // namespace veil::core
