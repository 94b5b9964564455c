#include <algorithm>
#include <string>
#include <veil/http/request_meters.hpp>

namespace veil::http {
namespace {

constexpr metrics::family requests_total{"veil_http_requests_total", "Requests answered."};
constexpr metrics::family request_seconds{"veil_http_request_seconds",
                                          "Time from a whole request to its answer, without reading and writing."};
constexpr metrics::family requests_in_hand{"veil_http_requests_in_hand", "Requests that wait for their answer."};
constexpr metrics::family rejected_total{"veil_http_rejected_total",
                                         "Requests turned away before anything was done for them."};

}  // namespace

void route_meters::note(metrics::registry& into, std::string_view pattern, std::string_view method, int status,
                        double seconds) {
    auto it =
        std::ranges::find_if(known_, [&](const series& one) { return one.status == status && one.method == method; });
    if (it == known_.end()) {
        const auto number = std::to_string(status);
        const metrics::labels with{{"route", pattern}, {"method", method}, {"status", number}};
        it = known_.insert(known_.end(), {method, status, into.make_counter(requests_total, with),
                                          into.make_histogram(request_seconds, metrics::local_seconds, with)});
    }
    it->requests.add();
    it->seconds.observe(seconds);
}

void request_meters::measure(metrics::registry& into, std::string_view listener, const admission& load) {
    registry_ = &into;
    const auto rejected = [&](std::string_view reason) {
        return into.make_counter(rejected_total, {{"listener", listener}, {"reason", reason}});
    };
    malformed_ = rejected("malformed");
    too_slow_ = rejected("too_slow");
    body_too_large_ = rejected("body_too_large");
    head_too_large_ = rejected("head_too_large");
    overload_ = rejected("overload");
    rate_limit_ = rejected("rate_limit");
    into.on_scrape([&load, gauge = into.make_gauge(requests_in_hand, {{"listener", listener}})]() mutable {
        gauge.set(static_cast<double>(load.in_flight()));
    });
}

void request_meters::answered(route_meters* known, std::string_view pattern, std::string_view method, int status,
                              double seconds) {
    if (registry_ == nullptr) return;
    (known == nullptr ? unmatched_ : *known).note(*registry_, pattern, method, status, seconds);
    if (status == 429) rate_limit_.add();
}

void request_meters::refused(int status) {
    switch (status) {
        case 408:
            return too_slow_.add();
        case 413:
            return body_too_large_.add();
        case 431:
            return head_too_large_.add();
        default:
            return malformed_.add();
    }
}

}  // namespace veil::http
