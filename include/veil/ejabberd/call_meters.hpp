// Counts calls of ejabberd's admin API, by command and by what came of them. Owned by the client; I/O thread only.
#pragma once

#include <chrono>
#include <exception>
#include <map>
#include <string>
#include <string_view>
#include <veil/metrics/metrics.hpp>

namespace veil::ejabberd {

class call_meters {
 public:
    void measure(metrics::registry& into);

    // A call that was answered with this HTTP status, or ended by an exception. command: a literal somewhere.
    void answered(const std::string& command, std::chrono::steady_clock::time_point begin, int status);
    void failed(const std::string& command, std::chrono::steady_clock::time_point begin,
                const std::exception_ptr& thrown);

 private:
    struct series {
        metrics::histogram seconds;
        std::map<std::string_view, metrics::counter> outcomes;
    };
    void note(const std::string& command, std::chrono::steady_clock::time_point begin, std::string_view outcome);
    series make(const std::string& command) const;

    metrics::registry* registry_ = nullptr;
    std::map<std::string, series, std::less<>> by_command_;
};

}  // namespace veil::ejabberd
