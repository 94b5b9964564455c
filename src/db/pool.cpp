#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/associated_executor.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pqxx/except>
#include <veil/async/idle_socket.hpp>
#include <veil/async/pause.hpp>
#include <veil/core/errors.hpp>
#include <veil/db/pool.hpp>

namespace veil::db {
namespace asio = boost::asio;
namespace {

using namespace std::chrono_literals;

constexpr auto watch_interval = 250ms;
constexpr auto idle_limit = 60s;
constexpr auto connect_pause = 300ms;

constexpr metrics::family connections{"veil_db_connections", "Connections to PostgreSQL, in use and idle."};
constexpr metrics::family waiting{"veil_db_waiting", "Transactions that wait for a connection."};

// SQLSTATE classes that say "not now" rather than "wrong" (PostgreSQL manual, appendix A).
[[noreturn]] void rethrow_sql_error(const pqxx::sql_error& error) {
    const std::string state = error.sqlstate();
    if (state == "57014" || state == "55P03") throw core::timed_out(std::string("database: ") + error.what());
    const bool not_now = state.starts_with("53") || state.starts_with("57P") || state.starts_with("58") ||
                         state.starts_with("08") || state == "25006";
    if (not_now) throw core::unavailable(std::string("database: ") + error.what());
    throw;
}

std::unique_ptr<pqxx::connection> open(const core::secret& dsn) {
    auto made = std::make_unique<pqxx::connection>(dsn.reveal());
    made->set_verbosity(pqxx::connection_base::terse);  // the details of an error name rows: not for any log
    return made;
}

// One more of something, as long as it lives.
class counted {
 public:
    explicit counted(std::size_t& number) : number_(number) { ++number_; }
    counted(const counted&) = delete;
    counted& operator=(const counted&) = delete;
    ~counted() { --number_; }

 private:
    std::size_t& number_;
};

}  // namespace

// A connection while a job uses it: known to the watchdog, and given back when the job ended well.
class pool::lease {
 public:
    lease(pool& owner, std::unique_ptr<pqxx::connection> connection, time_point until)
        : owner_(owner), connection_(std::move(connection)), busy_{connection_->sock(), until} {
        const std::lock_guard lock(owner_.mutex_);
        owner_.busy_.insert(&busy_);
    }
    lease(const lease&) = delete;
    lease& operator=(const lease&) = delete;
    ~lease() {
        const std::lock_guard lock(owner_.mutex_);
        owner_.busy_.erase(&busy_);
        if (connection_->is_open() && !busy_.broken)
            owner_.idle_.push_back({std::move(connection_), std::chrono::steady_clock::now()});
    }
    pqxx::connection& operator*() { return *connection_; }
    bool broken_by_watchdog() {
        const std::lock_guard lock(owner_.mutex_);
        return busy_.broken;
    }

 private:
    pool& owner_;
    std::unique_ptr<pqxx::connection> connection_;
    busy_connection busy_;
};

pool::pool(pool_options options) : options_(std::move(options)), threads_(options_.max_connections) {
    for (std::size_t i = 0; i < options_.min_connections; ++i)
        asio::post(threads_, [this] {
            try {
                auto opened = connect();
                const std::lock_guard lock(mutex_);
                idle_.push_back({std::move(opened), std::chrono::steady_clock::now()});
            } catch (const core::unavailable&) {  // the first job that needs it tries again and reports
            }
        });
}

pool::~pool() { stop(); }

void pool::stop() { threads_.join(); }

void pool::measure(metrics::registry& into) {
    meters_.measure(into);
    into.on_scrape([this, in_use = into.make_gauge(connections, {{"state", "in_use"}}),
                    idle = into.make_gauge(connections, {{"state", "idle"}}),
                    queue = into.make_gauge(waiting)]() mutable {
        const std::lock_guard lock(mutex_);
        in_use.set(static_cast<double>(busy_.size()));
        idle.set(static_cast<double>(idle_.size()));
        queue.set(static_cast<double>(pending_ - std::min(pending_, options_.max_connections)));
    });
}

awaitable<void> pool::execute(scope of, std::function<void(pqxx::transaction_base&)> work) {
    const job f{of, std::move(work)};
    if (pending_ >= options_.max_connections + options_.max_waiting) {
        meters_.refused();
        throw core::overloaded("the database queue is full");
    }
    const counted one_more(pending_);
    const auto queued_at = std::chrono::steady_clock::now();
    co_await on_pool_thread([&] { perform_measured(f, queued_at); });
}

awaitable<void> pool::on_pool_thread(std::function<void()> work) {
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void(std::exception_ptr)>(
        [&](auto handler) {
            auto executor = asio::get_associated_executor(handler);
            asio::post(threads_, [&work, handler = std::move(handler),
                                  guard = asio::make_work_guard(executor)]() mutable {
                std::exception_ptr thrown;
                try {
                    work();
                } catch (...) {
                    thrown = std::current_exception();
                }
                // Given away whole: the last hand that holds an exception destroys it.
                asio::post(guard.get_executor(), [handler = std::move(handler), thrown = std::move(thrown)]() mutable {
                    std::move(handler)(std::move(thrown));
                });
            });
        },
        asio::use_awaitable);
}

void pool::perform_measured(const job& f, time_point queued_at) {
    meters_.begun(queued_at);
    const auto begun_at = std::chrono::steady_clock::now();
    std::exception_ptr thrown;
    try {
        perform(f, queued_at);
    } catch (...) {
        thrown = std::current_exception();
    }
    meters_.ended(begun_at, thrown);
    if (thrown) std::rethrow_exception(std::move(thrown));
}

void pool::perform(const job& f, time_point queued_at) {
    const auto until = queued_at + options_.statement_limit;
    if (std::chrono::steady_clock::now() >= until) throw core::timed_out("database: the queue is too slow");
    try {
        // An idle connection may have died unnoticed. That shows when its transaction begins, before f has run.
        while (!try_perform(f, until)) continue;
    } catch (const pqxx::broken_connection& error) {
        throw core::unavailable(std::string("database: ") + error.what());
    } catch (const pqxx::in_doubt_error& error) {
        throw core::unavailable(std::string("database: ") + error.what());
    } catch (const pqxx::transaction_rollback& error) {  // a deadlock or the like: everything was undone
        throw core::unavailable(std::string("database: ") + error.what());
    } catch (const pqxx::sql_error& error) {
        rethrow_sql_error(error);
    }
}

// False: the idle connection it took was dead; nothing has been done.
bool pool::try_perform(const job& f, time_point until) {
    auto connection = take_idle();
    const bool reused = connection != nullptr;
    if (!reused) connection = connect();
    lease held(*this, std::move(connection), until);
    std::unique_ptr<pqxx::transaction_base> tx;
    try {
        if (f.of == scope::transaction)
            tx = std::make_unique<pqxx::work>(*held);
        else
            tx = std::make_unique<pqxx::nontransaction>(*held);
    } catch (const pqxx::broken_connection&) {
        if (reused && !held.broken_by_watchdog()) return false;
        throw;
    }
    f.work(*tx);
    tx->commit();
    return true;
}

std::unique_ptr<pqxx::connection> pool::take_idle() {
    while (true) {
        std::unique_ptr<pqxx::connection> connection;
        {
            const std::lock_guard lock(mutex_);
            if (idle_.empty()) return nullptr;
            connection = std::move(idle_.back().connection);
            idle_.pop_back();
        }
        // A dead one is not even asked: libpqxx 6 would leak the result of the query.
        if (async::is_quiet(connection->sock())) return connection;
    }
}

awaitable<void> pool::adopt_dsn(core::secret wanted) {
    co_await on_pool_thread([&] {
        try {
            auto opened = open(wanted);
            const std::lock_guard lock(mutex_);
            options_.dsn = wanted;
            idle_.push_back({std::move(opened), std::chrono::steady_clock::now()});
        } catch (const pqxx::broken_connection& error) {
            throw core::unavailable(std::string("database: ") + error.what());
        }
    });
}

core::secret pool::dsn() {
    const std::lock_guard lock(mutex_);
    return options_.dsn;
}

std::unique_ptr<pqxx::connection> pool::connect() {
    if (std::chrono::steady_clock::now().time_since_epoch().count() < no_connect_before_)
        throw core::unavailable("database: a connection has just failed");
    try {
        return open(dsn());
    } catch (const pqxx::broken_connection& error) {
        no_connect_before_ = (std::chrono::steady_clock::now() + connect_pause).time_since_epoch().count();
        throw core::unavailable(std::string("database: ") + error.what());
    }
}

awaitable<void> pool::watch() {
    while (true) {
        co_await async::pause(watch_interval);
        const auto now = std::chrono::steady_clock::now();
        break_overdue(now);
        close_idle(now);
    }
}

// A frozen server never answers and never resets: only closing our side of the socket frees the thread.
void pool::break_overdue(time_point now) {
    const std::lock_guard lock(mutex_);
    for (auto* busy : busy_) {
        if (busy->broken || now < busy->until) continue;
        busy->broken = true;
        ::shutdown(busy->socket, SHUT_RDWR);
    }
}

void pool::close_idle(time_point now) {
    std::vector<idle_connection> closing;
    {
        const std::lock_guard lock(mutex_);
        while (idle_.size() > options_.min_connections && now - idle_.front().since > idle_limit) {
            closing.push_back(std::move(idle_.front()));
            idle_.erase(idle_.begin());
        }
    }
    if (!closing.empty())
        asio::post(threads_, [closing = std::make_shared<std::vector<idle_connection>>(std::move(closing))] {});
}

}  // namespace veil::db
