// Counts pushes and the calls that they wake phones for. Owned by the push service; I/O thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <string_view>
#include <vector>
#include <veil/metrics/metrics.hpp>

#include "message.hpp"
#include "outcome.hpp"

namespace veil::push {

// A provider's reason as a label: one of those that are documented or our own, else "other". A literal.
std::string_view reason_label(const outcome& of) noexcept;

class meters {
 public:
    void measure(metrics::registry& into);

    // One attempt. provider: a literal.
    void attempted(std::string_view provider, message::kind kind, const outcome& seen, std::int64_t milliseconds);

    // What came of a webhook that wanted a call to ring: one of the literals in meters.cpp.
    void wake(std::string_view result);

    // The first push to a device has left, so long after the webhook had come.
    void on_the_wire(std::chrono::steady_clock::duration after);

 private:
    struct attempts {
        std::string_view provider, kind, outcome, reason;
        metrics::counter count;
    };
    struct named {
        std::string_view name;
        metrics::counter count;
    };
    struct timed {
        std::string_view name;
        metrics::histogram seconds;
    };
    metrics::counter make(std::string_view provider, std::string_view kind, std::string_view outcome,
                          std::string_view reason) const;

    metrics::registry* registry_ = nullptr;
    std::vector<attempts> attempts_;
    std::vector<timed> seconds_;
    std::vector<named> wakes_;
    metrics::histogram to_wire_;
};

}  // namespace veil::push
