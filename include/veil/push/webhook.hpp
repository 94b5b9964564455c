// Who may tell of calls: whoever knows WEBHOOK_SECRET (or the one before, while it is being replaced) or, when there is
// none, a peer on this machine. As a handler's first parameter webhook_caller is that check. I/O thread only.
#pragma once

#include <string>
#include <veil/core/secret.hpp>
#include <veil/http/extract.hpp>

namespace veil::push {

struct webhook_caller {
    std::string request_id;  // what everything that follows is found by
};

class webhook_gate {
 public:
    explicit webhook_gate(core::secret_pair secret) : secret_(std::move(secret)) {}

    // Throws api_error 401, and notes it in the audit trail.
    webhook_caller admit(const http::request& r) const;

    void replace(core::secret_pair secret) { secret_ = std::move(secret); }

 private:
    bool knows_secret(const http::request& r) const;

    core::secret_pair secret_;
};

}  // namespace veil::push

template <>
struct veil::http::extract<veil::push::webhook_caller> {
    static constexpr stage order = stage::auth;
    explicit extract(const route_info& route) : gate_(&route.service<veil::push::webhook_gate>()) {}
    veil::push::webhook_caller operator()(const request& r) const { return gate_->admit(r); }
    void describe(operation& into) const;

 private:
    const veil::push::webhook_gate* gate_;
};
