// The command line of veil-fake-push.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace veil::fake_push {

struct options {
    std::string folder;
    std::string host = "127.0.0.1";
    std::uint16_t apns_port = 0, sandbox_port = 0, google_port = 0;
    std::string out;  // empty: standard output
    std::uint32_t streams = 1000;
    std::chrono::seconds token_update{1200};
    std::chrono::seconds google_token{3599};
    std::uint32_t google_token_failures = 0;
    bool mute = false;
};

struct wrong_use : std::runtime_error {
    using std::runtime_error::runtime_error;
};

// nullopt when only help was asked for. Throws wrong_use.
std::optional<options> read_options(int argc, char** argv);

std::string usage();

}  // namespace veil::fake_push
