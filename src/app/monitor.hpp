// GET /metrics on the operators' listener: what the parts count, and what only the whole can see: operations that wait
// in the reconcilers, certificates, and whether revocations still come in. Owned by the application; I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <veil/async/signal.hpp>
#include <veil/async/task_group.hpp>
#include <veil/client/https_pool.hpp>
#include <veil/db/backlog.hpp>
#include <veil/db/pool.hpp>
#include <veil/http/router.hpp>
#include <veil/metrics/metrics.hpp>

namespace veil::app {

using boost::asio::awaitable;

struct monitored_files {
    std::string ejabberd_ca, push_ca, server;  // PEM; empty: none
};

class monitor {
 public:
    monitor(boost::asio::any_io_executor executor, metrics::registry& all, db::pool& database,
            const client::https_pool& ejabberd, const monitored_files& files);

    void add_routes(http::router& routes);

    // Revocations come in and all earlier ones are known, or not.
    void revocations_current(bool yes) { revocations_.set(yes ? 1 : 0); }

    awaitable<http::response> scrape();
    awaitable<void> stop();

 private:
    using time_point = std::chrono::steady_clock::time_point;

    struct operations {
        db::backlog (*read)(pqxx::work& tx);
        metrics::gauge pending, oldest;
    };
    struct certificate {
        std::string file;  // empty: the one that ejabberd shows
        metrics::gauge days_left;
    };

    void measure_operations(const char* module, db::backlog (*read)(pqxx::work& tx));
    void measure_certificate(const char* name, std::string file);
    awaitable<void> count_operations();
    void look_at_certificates();

    metrics::registry& all_;
    db::pool& database_;
    const client::https_pool& ejabberd_;
    std::vector<operations> operations_;
    std::vector<certificate> certificates_;
    metrics::gauge revocations_;
    std::optional<time_point> counted_at_, looked_at_;
    async::signal counted_;
    async::task_group tasks_;
};

}  // namespace veil::app
