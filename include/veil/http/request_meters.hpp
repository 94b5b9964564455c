// Counts requests: of each route by method and status, those under way, and those that were turned away. Owned by the
// router; I/O thread only.
#pragma once

#include <string_view>
#include <vector>
#include <veil/http/admission.hpp>
#include <veil/metrics/metrics.hpp>

namespace veil::http {

// The requests of one route. Its series are found by a method and a status without making any text, and a new one is
// made at most once for each of the few pairs that a route can answer.
class route_meters {
 public:
    // method: one of a fixed set of literals. The pattern must live for as long as the registry.
    void note(metrics::registry& into, std::string_view pattern, std::string_view method, int status, double seconds);

 private:
    struct series {
        std::string_view method;
        int status;
        metrics::counter requests;
        metrics::histogram seconds;
    };
    std::vector<series> known_;
};

class request_meters {
 public:
    // listener: a literal, the name of the server whose requests these are; load: what it has under way.
    void measure(metrics::registry& into, std::string_view listener, const admission& load);

    // An answer to a request of a known route; null stands for all others.
    void answered(route_meters* known, std::string_view pattern, std::string_view method, int status, double seconds);

    // A request that the session refused with this status, before it was routed.
    void refused(int status);

    // A request that met a full queue of ours.
    void overloaded() { overload_.add(); }

 private:
    metrics::registry* registry_ = nullptr;
    route_meters unmatched_;
    metrics::counter malformed_, too_slow_, body_too_large_, head_too_large_, overload_, rate_limit_;
};

}  // namespace veil::http
