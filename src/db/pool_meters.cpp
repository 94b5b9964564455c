#include <veil/db/pool_meters.hpp>
#include <veil/metrics/outcome.hpp>

namespace veil::db {
namespace {

constexpr metrics::family wait_seconds{"veil_db_wait_seconds", "Time that a transaction waited for its connection."};
constexpr metrics::family run_seconds{"veil_db_transaction_seconds", "Time of a transaction, from BEGIN to COMMIT."};
constexpr metrics::family transactions{"veil_db_transactions_total", "Transactions, by what came of them."};

double seconds_since(pool_meters::time_point begin) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

}  // namespace

void pool_meters::measure(metrics::registry& into) {
    wait_ = into.make_histogram(wait_seconds, metrics::local_seconds);
    run_ = into.make_histogram(run_seconds, metrics::local_seconds);
    for (const std::string_view outcome : {"ok", "failed", "overloaded", "refused", "timed_out", "unavailable"})
        outcomes_[outcome] = into.make_counter(transactions, {{"outcome", outcome}});
}

void pool_meters::begun(time_point queued_at) { wait_.observe(seconds_since(queued_at)); }

void pool_meters::ended(time_point begun_at, const std::exception_ptr& thrown) {
    run_.observe(seconds_since(begun_at));
    count(metrics::outcome_of(thrown));
}

void pool_meters::refused() { count("overloaded"); }

void pool_meters::count(std::string_view outcome) {
    if (const auto it = outcomes_.find(outcome); it != outcomes_.end()) it->second.add();
}

}  // namespace veil::db
