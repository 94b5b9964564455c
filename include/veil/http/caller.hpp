// Who asks, for handlers that count by address themselves: as a parameter of a handler it says where the request comes
// from, and takes what the answer's headers say of the limit. I/O thread only.
#pragma once

#include <optional>
#include <veil/audit/audit.hpp>
#include <veil/core/errors.hpp>
#include <veil/http/extract.hpp>
#include <veil/limits/rule.hpp>

namespace veil::http {

struct caller {
    audit::source source;
    std::optional<limits::verdict>* limit = nullptr;  // of the request, which outlives its handler

    // Puts a verdict into the answer; throws api_error 429 when it is a refusal.
    void obey(const std::optional<limits::verdict>& said) const {
        if (!said) return;
        *limit = said;
        if (!said->allowed) throw core::api_error(limits::too_many_requests);
    }
};

template <>
struct extract<caller> {
    static constexpr stage order = stage::auth;
    explicit extract(const route_info&) {}
    caller operator()(request& r) const { return {{.request_id = r.id, .address = r.peer}, &r.limit}; }
    void describe(operation&) const {}
};

}  // namespace veil::http
