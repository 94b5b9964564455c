// PostgreSQL for coroutines: DB_POOL_MIN..DB_POOL_MAX connections, each used by one pool thread at a time, behind a
// bounded queue. What goes wrong below arrives as core::unavailable, core::timed_out or core::overloaded; an SQL error
// that says something about the data (for example pqxx::unique_violation) arrives as itself. Owned by the application;
// run() is called on the I/O thread.
#pragma once

#include <atomic>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/thread_pool.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <pqxx/connection>
#include <pqxx/nontransaction>
#include <pqxx/transaction>
#include <set>
#include <type_traits>
#include <vector>
#include <veil/core/secret.hpp>
#include <veil/db/pool_meters.hpp>

namespace veil::db {

using boost::asio::awaitable;

struct pool_options {
    core::secret dsn;
    std::size_t min_connections = 2;
    std::size_t max_connections = 10;
    std::size_t max_waiting = 512;                     // jobs in the queue before overloaded
    std::chrono::milliseconds statement_limit{4'000};  // for a job, waiting included
};

class pool {
 public:
    explicit pool(pool_options options);
    ~pool();

    // Runs f(pqxx::work&) in a transaction on a pool thread and commits; returns what f returned. f runs at most once.
    // Not cancellable: the wait is bounded by statement_limit and a connection's time-out (3 s). f must not throw
    // anything but exceptions, must not keep the transaction, and may refer to the caller's variables.
    template <class F>
    awaitable<std::invoke_result_t<F&, pqxx::work&>> run(F f) {
        using result = std::invoke_result_t<F&, pqxx::work&>;
        if constexpr (std::is_void_v<result>) {
            co_await execute(scope::transaction, [&](pqxx::transaction_base& tx) { f(static_cast<pqxx::work&>(tx)); });
        } else {
            std::optional<result> value;
            co_await execute(scope::transaction,
                             [&](pqxx::transaction_base& tx) { value.emplace(f(static_cast<pqxx::work&>(tx))); });
            co_return std::move(*value);
        }
    }

    // The same for an f(pqxx::nontransaction&) of one statement, which is a transaction by itself: one round trip in
    // place of three. What f returns counts, so it must not be void.
    template <class F>
    awaitable<std::invoke_result_t<F&, pqxx::nontransaction&>> run_statement(F f) {
        std::optional<std::invoke_result_t<F&, pqxx::nontransaction&>> value;
        co_await execute(scope::statement,
                         [&](pqxx::transaction_base& tx) { value.emplace(f(static_cast<pqxx::nontransaction&>(tx))); });
        co_return std::move(*value);
    }

    // Opens a connection with another DSN and, when the server takes it, all later ones too; those that are open stay.
    // Throws core::unavailable when it does not, and the old one stays in use. A connection's time-out (3 s) bounds it.
    awaitable<void> adopt_dsn(core::secret dsn);

    // Runs until cancelled: breaks connections whose server stopped answering, closes idle ones above the minimum.
    awaitable<void> watch();

    // Counts transactions and connections from now on. Before the first run().
    void measure(metrics::registry& into);

    // Ends the threads after the jobs in hand. No run() may start after it.
    void stop();

 private:
    enum class scope { transaction, statement };
    struct job {
        scope of;
        std::function<void(pqxx::transaction_base&)> work;
    };
    using time_point = std::chrono::steady_clock::time_point;

    struct idle_connection {
        std::unique_ptr<pqxx::connection> connection;
        time_point since;
    };
    struct busy_connection {
        int socket;
        time_point until;
        bool broken = false;
    };
    class lease;

    awaitable<void> execute(scope of, std::function<void(pqxx::transaction_base&)> work);
    awaitable<void> on_pool_thread(std::function<void()> work);
    void perform_measured(const job& f, time_point queued_at);
    void perform(const job& f, time_point queued_at);
    bool try_perform(const job& f, time_point until);
    std::unique_ptr<pqxx::connection> take_idle();
    std::unique_ptr<pqxx::connection> connect();
    core::secret dsn();
    void break_overdue(time_point now);
    void close_idle(time_point now);

    pool_options options_;
    pool_meters meters_;
    std::mutex mutex_;  // guards idle_, busy_ and options_.dsn
    std::vector<idle_connection> idle_;
    std::set<busy_connection*> busy_;
    std::atomic<time_point::rep> no_connect_before_{0};  // after a failed connect the others fail at once for a moment
    std::size_t pending_ = 0;                            // I/O thread only
    boost::asio::thread_pool threads_;
};

}  // namespace veil::db
