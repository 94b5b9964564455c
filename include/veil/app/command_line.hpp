// The command line of veil-api.
#pragma once

namespace veil::app {

// Runs what the arguments ask for; returns the exit status (2 for a wrong use or a faulty configuration).
int run(int argc, char** argv);

}  // namespace veil::app
