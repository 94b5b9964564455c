// Whose word counts about the address of a client: X-Forwarded-For as proxies write it, each behind what was there. Any
// thread.
#pragma once

#include <string>
#include <vector>
#include <veil/core/address.hpp>
#include <veil/http/message.hpp>

namespace veil::http {

class proxies {
 public:
    explicit proxies(std::vector<core::ip_network> trusted = {}) : trusted_(std::move(trusted)) {}

    // The client's address: the peer's own or, when the peer is trusted, the last one of X-Forwarded-For that is not.
    // A list with anything else than addresses in the part that counts says nothing: then it is the peer's.
    std::string client_of(const request& r) const;

 private:
    bool is_trusted(const core::ip_address& address) const;

    std::vector<core::ip_network> trusted_;
};

}  // namespace veil::http
