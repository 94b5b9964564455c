#include <veil/ejabberd/call_meters.hpp>
#include <veil/metrics/outcome.hpp>

namespace veil::ejabberd {
namespace {

constexpr metrics::family calls_total{"veil_ejabberd_calls_total", "Calls of ejabberd's admin API."};
constexpr metrics::family call_seconds{"veil_ejabberd_call_seconds",
                                       "Time of a call of ejabberd's admin API, waiting for a connection included."};

std::string_view outcome_of_status(int status) {
    if (status < 300) return "ok";
    return status < 500 ? "refused" : "failed";
}

}  // namespace

void call_meters::measure(metrics::registry& into) {
    registry_ = &into;
    by_command_.emplace("stats", make("stats"));  // so that the families are there before the first call
}

call_meters::series call_meters::make(const std::string& command) const {
    series made{registry_->make_histogram(call_seconds, metrics::network_seconds, {{"command", command}}), {}};
    for (const std::string_view outcome : {"ok", "failed", "overloaded", "refused", "timed_out", "unavailable"})
        made.outcomes[outcome] = registry_->make_counter(calls_total, {{"command", command}, {"outcome", outcome}});
    return made;
}

void call_meters::answered(const std::string& command, std::chrono::steady_clock::time_point begin, int status) {
    note(command, begin, outcome_of_status(status));
}

void call_meters::failed(const std::string& command, std::chrono::steady_clock::time_point begin,
                         const std::exception_ptr& thrown) {
    note(command, begin, metrics::outcome_of(thrown));
}

void call_meters::note(const std::string& command, std::chrono::steady_clock::time_point begin,
                       std::string_view outcome) {
    if (registry_ == nullptr) return;
    auto it = by_command_.find(command);
    if (it == by_command_.end()) it = by_command_.emplace(command, make(command)).first;
    it->second.seconds.observe(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
    if (const auto counted = it->second.outcomes.find(outcome); counted != it->second.outcomes.end())
        counted->second.add();
}

}  // namespace veil::ejabberd
