// What veil-fake-push reports: one JSON object a line, gathered and written at the latest once a turn of the event
// loop, and before a client sees what follows from it. I/O thread only.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "provider_tokens.hpp"
#include "support/h2_server.hpp"

namespace veil::fake_push {

// Seconds since 1970 of the wall clock.
double now();

// A push as it arrived. Its line is written at once; the status of a slow answer is the one it is going to get.
struct push {
    double at = 0;
    std::string_view provider, environment;
    std::uint64_t connection = 0;
    std::string device_token, bearer;
    std::optional<genuine> signed_by;
    bool body_is_json = false;
    int status = 0;  // 0: none
    std::string reason;
    std::vector<std::string> problems;
};

class lines {
 public:
    // `path` empty: standard output. Throws std::runtime_error when the file cannot be made.
    lines(boost::asio::io_context& io, const std::string& path);
    ~lines();
    lines(const lines&) = delete;
    lines& operator=(const lines&) = delete;

    void listening(std::string_view name, const std::string& host, std::uint16_t port);
    void connection(std::string_view name, std::uint64_t number);
    void connection_end(std::string_view name, std::uint64_t number, const test::h2_server& server);
    void pushed(const push& one, const test::h2_request& request);
    void token_request(int status, const std::vector<std::string>& problems);

    // Throws std::runtime_error when the output takes no more.
    void flush();

 private:
    void end_line();

    boost::asio::io_context& io_;
    std::FILE* out_;
    std::string waiting_;
    bool flush_due_ = false;
};

}  // namespace veil::fake_push
