// Apple's side of a push, production and sandbox: checks a request as Apple does and answers as its device token asks.
// I/O thread only.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_set>
#include <vector>

#include "lines.hpp"
#include "provider_tokens.hpp"
#include "steering.hpp"

namespace veil::fake_push {

enum class environment { production, sandbox };

class apns {
 public:
    // The references must outlive this. `streams`: of a connection after its first accepted push.
    apns(boost::asio::io_context& io, lines& report, tries& made, provider_tokens tokens, std::uint32_t streams);

    void receive(environment where, const std::shared_ptr<test::h2_listener::connection>& from,
                 const test::h2_request& request);
    void forget(std::uint64_t connection) { raised_.erase(connection); }

 private:
    std::vector<fault> check(const test::h2_request& request, push& one);
    void check_authorization(const test::h2_request& request, push& one, std::vector<fault>& found);
    answer steered(environment where, const push& one);
    answer steered_error(environment where, const push& one, const steer& wanted);
    void raise_streams(std::uint64_t connection, answer& out);

    boost::asio::io_context& io_;
    lines& report_;
    tries& tries_;
    provider_tokens tokens_;
    std::uint32_t streams_;
    std::unordered_set<std::uint64_t> raised_;  // connections that allow more than the first stream
    std::string refused_bearer_;                // by expiredprovider-
};

}  // namespace veil::fake_push
