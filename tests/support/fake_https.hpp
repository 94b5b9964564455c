// An HTTPS server in the test's own process, with a certificate authority of its own, whose every answer the test
// decides.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace veil::test {

class fake_https {
 public:
    struct seen {
        std::string target, authorization, body;
    };
    struct reply {
        int status = 200;
        std::string body;
        enum class then { keep_open, close, say_nothing_and_close, say_nothing, talk_nonsense } next = then::keep_open;
    };

    // The certificate names `name`, an IP address or a host name. `decide` runs on the server's thread.
    fake_https(const std::string& name, std::function<reply(const seen&)> decide);
    ~fake_https();

    std::uint16_t port() const;
    const std::string& ca_file() const;
    int connections() const;  // that completed a handshake
    std::vector<seen> requests() const;

 private:
    struct parts;
    std::unique_ptr<parts> parts_;
};

}  // namespace veil::test
