// Google's side of a push (FCM HTTP v1): checks a message as Google does and answers as its device token asks.
// I/O thread only.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "access_tokens.hpp"
#include "lines.hpp"
#include "steering.hpp"

namespace veil::fake_push {

// What is wrong with a member of the message.
struct violation {
    std::string field, description;
};

class fcm {
 public:
    // The references must outlive this. `streams`: of a connection, for grow-.
    fcm(boost::asio::io_context& io, lines& report, tries& made, const access_tokens& tokens, std::uint32_t streams);

    void receive(const std::shared_ptr<test::h2_listener::connection>& from, const test::h2_request& request);

 private:
    answer judge(const test::h2_request& request, push& one);
    answer steered(const push& one);

    boost::asio::io_context& io_;
    lines& report_;
    tries& tries_;
    const access_tokens& tokens_;
    std::uint32_t streams_;
    std::string refused_bearer_;  // by unauth-
    std::uint64_t messages_ = 0;
};

}  // namespace veil::fake_push
