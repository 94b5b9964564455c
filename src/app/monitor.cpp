#include "monitor.hpp"

#include <limits>
#include <pqxx/pqxx>
#include <veil/account/service.hpp>
#include <veil/client/certificates.hpp>
#include <veil/core/errors.hpp>
#include <veil/groups/service.hpp>

namespace veil::app {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr auto count_interval = 5s;     // the database is not asked more often, however often somebody scrapes
constexpr auto count_patience = 500ms;  // nor waited for longer
constexpr auto look_interval = 60s;     // at the files
constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
constexpr double seconds_per_day = 86'400;

constexpr metrics::family pending{"veil_operations_pending",
                                  "Changes of accounts and groups that are not finished; NaN without the database."};
constexpr metrics::family oldest{"veil_operations_oldest_seconds",
                                 "Age of the oldest change that is not finished; 0 without any."};
constexpr metrics::family revocations{"veil_revocations_current",
                                      "Whether every revocation is known and new ones come in: 1 or 0."};
constexpr metrics::family days_left{"veil_certificate_days_left",
                                    "Days until a certificate ends; NaN when none could be read."};

double days_until(std::optional<std::int64_t> end) {
    if (!end) return unknown;
    const auto now = std::chrono::system_clock::now().time_since_epoch();
    return (static_cast<double>(*end) - std::chrono::duration<double>(now).count()) / seconds_per_day;
}

}  // namespace

monitor::monitor(boost::asio::any_io_executor executor, metrics::registry& all, db::pool& database,
                 const client::https_pool& ejabberd, const monitored_files& files)
    : all_(all),
      database_(database),
      ejabberd_(ejabberd),
      revocations_(all.make_gauge(revocations)),
      counted_(executor),
      tasks_(executor) {
    metrics::measure_process(all_);
    measure_operations("account", account::read_backlog);
    measure_operations("groups", groups::read_backlog);
    measure_certificate("ejabberd", {});
    if (!files.ejabberd_ca.empty()) measure_certificate("ejabberd_ca", files.ejabberd_ca);
    if (!files.push_ca.empty()) measure_certificate("push_ca", files.push_ca);
    if (!files.server.empty()) measure_certificate("server", files.server);
    all_.on_scrape([this] { look_at_certificates(); });
}

void monitor::measure_operations(const char* module, db::backlog (*read)(pqxx::work& tx)) {
    auto& added = operations_.emplace_back(read, all_.make_gauge(pending, {{"module", module}}),
                                           all_.make_gauge(oldest, {{"module", module}}));
    added.pending.set(unknown);
    added.oldest.set(unknown);
}

void monitor::measure_certificate(const char* name, std::string file) {
    certificates_.push_back({std::move(file), all_.make_gauge(days_left, {{"certificate", name}})});
}

void monitor::add_routes(http::router& routes) {
    routes.on("GET", "/metrics", *this, &monitor::scrape,
              {.id = "get_metrics", .summary = "What the server counts", .content = "text/plain"});
}

// Waits for the database a moment only: a scrape must say so when it is away.
awaitable<http::response> monitor::scrape() {
    const auto now = steady_clock::now();
    const bool due = !counted_at_ || now - *counted_at_ >= count_interval;
    if (due && tasks_.size() == 0) tasks_.spawn("operations", count_operations());
    if (tasks_.size() > 0) co_await counted_.wait(now + count_patience);
    co_return http::response{.body = all_.text(), .content_type = metrics::text_content};
}

awaitable<void> monitor::stop() { co_await tasks_.stop(); }

awaitable<void> monitor::count_operations() {
    std::vector<db::backlog> found;
    try {
        found = co_await database_.run([this](pqxx::work& tx) {
            std::vector<db::backlog> counts;
            for (const auto& each : operations_) counts.push_back(each.read(tx));
            return counts;
        });
        counted_at_ = steady_clock::now();
    } catch (const core::unavailable&) {  // the next scrape tries again
    }
    for (std::size_t i = 0; i < operations_.size(); ++i) {
        operations_[i].pending.set(found.empty() ? unknown : static_cast<double>(found[i].pending));
        operations_[i].oldest.set(found.empty() ? unknown : found[i].oldest_seconds);
    }
    counted_.notify();
}

void monitor::look_at_certificates() {
    const auto now = steady_clock::now();
    const bool files_too = !looked_at_ || now - *looked_at_ >= look_interval;
    if (files_too) looked_at_ = now;
    for (auto& each : certificates_) {
        if (each.file.empty())
            each.days_left.set(days_until(ejabberd_.certificate_expiry()));
        else if (files_too)
            each.days_left.set(days_until(client::expiry_of_file(each.file)));
    }
}

}  // namespace veil::app
