// Counts the jobs of the database pool. Owned by the pool; pool threads and the I/O thread.
#pragma once

#include <chrono>
#include <exception>
#include <map>
#include <string_view>
#include <veil/metrics/metrics.hpp>

namespace veil::db {

class pool_meters {
 public:
    using time_point = std::chrono::steady_clock::time_point;

    void measure(metrics::registry& into);

    // A job's turn has come.
    void begun(time_point queued_at);

    // A job has ended, with this exception or with null.
    void ended(time_point begun_at, const std::exception_ptr& thrown);

    // A job found the queue full.
    void refused();

 private:
    void count(std::string_view outcome);

    metrics::histogram wait_, run_;
    std::map<std::string_view, metrics::counter> outcomes_;  // never changes after measure()
};

}  // namespace veil::db
