// The fake as a whole: three listeners, what answers on them, and the end on a signal. One thread.
#pragma once

#include "options.hpp"

namespace veil::fake_push {

// Serves until SIGTERM or SIGINT. Throws std::exception with a clear text when it cannot start.
void run(const options& wanted);

}  // namespace veil::fake_push
