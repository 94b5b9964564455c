// The database pool without a database: what a caller sees when nothing can be reached or too much is asked.
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <support/run.hpp>
#include <veil/async/pause.hpp>
#include <veil/async/task_group.hpp>
#include <veil/core/errors.hpp>
#include <veil/db/dsn.hpp>
#include <veil/db/pool.hpp>

namespace veil::db {
namespace {

const core::secret nowhere("host=127.0.0.1 port=1 connect_timeout=2");

TEST(pool, a_database_out_of_reach_is_unavailable_and_the_work_never_runs) {
    pool database({.dsn = nowhere, .min_connections = 0, .max_connections = 2});
    bool ran = false;
    EXPECT_THROW(test::run(database.run([&](pqxx::work&) { ran = true; })), core::unavailable);
    EXPECT_THROW(test::run(database.run([&](pqxx::work&) { ran = true; })), core::unavailable);
    EXPECT_THROW(test::run(database.run_statement([&](pqxx::nontransaction&) { return ran = true; })),
                 core::unavailable);
    EXPECT_FALSE(ran);
}

TEST(pool, a_full_queue_refuses_at_once) {
    pool database({.dsn = nowhere, .min_connections = 0, .max_connections = 1, .max_waiting = 1});
    boost::asio::io_context io;
    async::task_group group(io.get_executor());
    int refused = 0;
    int out_of_reach = 0;
    const auto ask = [&]() -> awaitable<void> {
        try {
            co_await database.run([](pqxx::work&) {});
        } catch (const core::overloaded&) {
            ++refused;
        } catch (const core::unavailable&) {
            ++out_of_reach;
        }
    };
    test::run(io, [&]() -> awaitable<void> {
        for (int i = 0; i < 5; ++i) group.spawn("ask", ask());
        while (group.size() > 0) co_await async::pause(std::chrono::milliseconds(1));
    }());
    EXPECT_EQ(refused, 3);
    EXPECT_EQ(out_of_reach, 2);
}

TEST(dsn, values_cannot_break_out_of_their_quotes) {
    const auto dsn = make_dsn({"h", 5432, "veil"}, "u", core::secret(R"(a' host='evil\)")).reveal();
    EXPECT_NE(dsn.find(R"(password='a\' host=\'evil\\')"), std::string::npos) << dsn;
    EXPECT_NE(dsn.find("statement_timeout=4000"), std::string::npos);
    EXPECT_TRUE(with_time_limits(core::secret("postgresql://h/veil")).reveal().starts_with("postgresql://h/veil?"));
    EXPECT_TRUE(
        with_time_limits(core::secret("postgresql://h/veil?a=b")).reveal().starts_with("postgresql://h/veil?a=b&"));
    EXPECT_TRUE(
        with_time_limits(core::secret("postgresql://u:p?w@h/veil")).reveal().starts_with("postgresql://u:p?w@h/veil?"));
}

}  // namespace
}  // namespace veil::db
