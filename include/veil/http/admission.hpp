// How many requests are worked on at once. Beyond the bounds a request is refused before anything is done for it:
// better some at once than all of them late. Owned by the router; I/O thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>

namespace veil::http {

struct admission_limits {
    std::size_t in_flight = 512;  // requests of all routes
    std::size_t reserved = 64;    // of those, only for routes that are served first
    // A route may have as many in flight as it is likely to answer within `wait`; never fewer than `least` and, as long
    // as it has not shown what it can do, `unproven`.
    std::chrono::milliseconds wait{250};
    std::size_t least = 16;
    std::size_t unproven = 64;
};

// What one route has under way, and how fast it is.
class route_load {
 public:
    using time_point = std::chrono::steady_clock::time_point;

    std::size_t in_flight() const noexcept { return in_flight_; }

    // Requests that may be in flight now: by Little's law, as many as end in the time that each may take.
    std::size_t fitting(const admission_limits& limits, time_point now);

    void begin() { ++in_flight_; }
    void end(time_point begun, time_point now);

 private:
    void measure(const admission_limits& limits, time_point now);

    std::size_t in_flight_ = 0;
    std::size_t fewest_ = 0;  // in flight, since window_
    std::size_t ended_ = 0;   // since window_
    time_point window_{};
    double per_second_ = 0;
    bool proven_ = false;  // it had enough to do for a whole window
};

class admission {
 public:
    using time_point = route_load::time_point;

    explicit admission(admission_limits limits = {}) : limits_(limits) {}

    // A request's place among those in flight; given back when it goes.
    class place {
     public:
        place(admission& owner, route_load& route, time_point now);
        place(place&& other) noexcept
            : owner_(std::exchange(other.owner_, nullptr)), route_(other.route_), begun_(other.begun_) {}
        place(const place&) = delete;
        place& operator=(place&&) = delete;
        ~place();

     private:
        admission* owner_;
        route_load* route_;
        time_point begun_;
    };

    // `first`: whether the route is served before others. nullopt: too much is under way.
    std::optional<place> enter(route_load& route, bool first, time_point now);

    std::size_t in_flight() const noexcept { return in_flight_; }
    std::uint64_t refused() const noexcept { return refused_; }

 private:
    admission_limits limits_;
    std::size_t in_flight_ = 0;
    std::uint64_t refused_ = 0;
};

}  // namespace veil::http
