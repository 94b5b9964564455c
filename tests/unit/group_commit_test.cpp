// Group commit over a database that the test plays: which items share a transaction, in which order, and who is told
// what when something goes wrong.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <support/run.hpp>
#include <veil/async/pause.hpp>
#include <veil/async/task_group.hpp>
#include <veil/db/group_commit.hpp>

namespace veil::db {
namespace {

using namespace std::chrono_literals;
using strings = std::vector<std::string>;
using writes = group_commit<std::string, std::string>;

constexpr auto moment = 1ms;

class group_commit_test : public testing::Test {
 protected:
    // Items are written as "key=value"; what the database has committed for an item is its text.
    writes::rules how() {
        return {.key = [](const std::string& item) { return item.substr(0, item.find('=')); },
                .together = [this](std::vector<const std::string*> items) { return together(std::move(items)); },
                .alone = [this](const std::string& item) { return alone(item); }};
    }

    awaitable<writes::results> together(std::vector<const std::string*> items) {
        strings begun;
        for (const auto* item : items) begun.push_back(*item);
        batches.push_back(begun);
        while (held) co_await async::pause(moment);
        if (outage) throw core::unavailable("no database");
        writes::results outcome;
        for (const auto& item : begun) {
            if (item.ends_with("bad")) throw std::runtime_error("refused");
            outcome.push_back(item.ends_with("busy") ? std::nullopt : std::optional(item));
        }
        for (const auto& item : begun)
            if (!item.ends_with("busy")) committed.push_back(item);
        co_return outcome;
    }

    awaitable<std::string> alone(std::string item) {
        alone_begun.push_back(item);
        while (held_alone) co_await async::pause(moment);
        if (item.ends_with("bad")) throw std::runtime_error("refused");
        committed.push_back(item);
        co_return item;
    }

    // What the caller of write() sees.
    awaitable<void> ask(writes& under_test, std::string item) {
        auto& seen = answers[item];
        try {
            seen = co_await under_test.write(item);
        } catch (const core::overloaded&) {
            seen = "overloaded";
        } catch (const core::unavailable&) {
            seen = "unavailable";
        } catch (const boost::system::system_error&) {
            seen = "cancelled";
        } catch (const std::runtime_error& error) {
            seen = error.what();
        }
    }

    void spawn(writes& under_test, const strings& items) {
        for (const auto& item : items) callers.spawn("ask", ask(under_test, item));
    }

    awaitable<void> until(std::function<bool()> condition) {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (!condition() && std::chrono::steady_clock::now() < end) co_await async::pause(moment);
        EXPECT_TRUE(condition());
    }

    awaitable<void> until_batches(std::size_t count) {
        return until([this, count] { return batches.size() == count; });
    }

    // The first item is held under way, so that the others wait.
    awaitable<void> ask_behind_a_first(writes& under_test, strings items) {
        held = true;
        spawn(under_test, {"first="});
        co_await until_batches(1);
        spawn(under_test, items);
        co_await async::pause(moment);
    }

    boost::asio::io_context io;
    async::task_group callers{io.get_executor()};
    bool held = false, held_alone = false, outage = false;
    std::vector<strings> batches;
    strings alone_begun, committed;
    std::map<std::string, std::string> answers;
};

TEST_F(group_commit_test, the_first_goes_at_once_and_those_who_come_meanwhile_go_together) {
    writes all(io.get_executor(), how());
    test::run(io, [&]() -> awaitable<void> {
        co_await ask_behind_a_first(all, {"a=", "b=", "c="});
        EXPECT_EQ(batches, (std::vector<strings>{{"first="}}));
        EXPECT_TRUE(answers["first="].empty()) << "answered before its commit";
        held = false;
        co_await callers.drained();
    }());
    EXPECT_EQ(batches, (std::vector<strings>{{"first="}, {"a=", "b=", "c="}}));
    for (const auto& item : {"first=", "a=", "b=", "c="}) EXPECT_EQ(answers[item], item);
}

TEST_F(group_commit_test, a_batch_has_a_greatest_size) {
    auto rules = how();
    rules.max_batch = 2;
    writes all(io.get_executor(), rules);
    test::run(io, [&]() -> awaitable<void> {
        co_await ask_behind_a_first(all, {"a=", "b=", "c="});
        held = false;
        co_await callers.drained();
    }());
    EXPECT_EQ(batches, (std::vector<strings>{{"first="}, {"a=", "b="}, {"c="}}));
}

TEST_F(group_commit_test, items_of_one_key_are_written_one_after_another) {
    writes all(io.get_executor(), how());
    test::run(io, [&]() -> awaitable<void> {
        co_await ask_behind_a_first(all, {"a=1", "first=2", "a=2", "b=1", "a=3"});
        held = false;
        co_await callers.drained();
    }());
    EXPECT_EQ(batches, (std::vector<strings>{{"first="}, {"a=1", "first=2", "b=1"}, {"a=2"}, {"a=3"}}));
}

TEST_F(group_commit_test, a_bad_item_fails_alone) {
    writes all(io.get_executor(), how());
    test::run(io, [&]() -> awaitable<void> {
        co_await ask_behind_a_first(all, {"a=", "b=bad", "c="});
        held = false;
        co_await callers.drained();
    }());
    EXPECT_EQ(answers["a="], "a=");
    EXPECT_EQ(answers["b=bad"], "refused");
    EXPECT_EQ(answers["c="], "c=");
    EXPECT_EQ(std::ranges::count(committed, "a="), 1);
}

TEST_F(group_commit_test, who_must_wait_for_a_lock_holds_up_nobody_but_his_own_key) {
    writes all(io.get_executor(), how());
    held_alone = true;
    test::run(io, [&]() -> awaitable<void> {
        spawn(all, {"a=busy"});
        co_await until([&] { return alone_begun == strings{"a=busy"}; });
        spawn(all, {"a=2", "b="});
        co_await until([&] { return answers["b="] == "b="; });
        EXPECT_TRUE(answers["a=2"].empty());
        held_alone = false;
        co_await callers.drained();
    }());
    EXPECT_EQ(committed, (strings{"b=", "a=busy", "a=2"}));
}

TEST_F(group_commit_test, an_outage_is_told_to_everyone_and_ends) {
    writes all(io.get_executor(), how());
    outage = true;
    test::run(io, [&]() -> awaitable<void> {
        co_await ask_behind_a_first(all, {"a=", "b="});
        held = false;
        co_await callers.drained();
        for (const auto& item : {"first=", "a=", "b="}) EXPECT_EQ(answers[item], "unavailable");
        EXPECT_EQ(alone_begun, strings{}) << "an outage is no reason to ask once more for each";
        outage = false;
        spawn(all, {"a="});
        co_await callers.drained();
    }());
    EXPECT_EQ(answers["a="], "a=");
}

TEST_F(group_commit_test, too_many_are_refused_at_once) {
    auto rules = how();
    rules.max_unanswered = 3;
    writes all(io.get_executor(), rules);
    test::run(io, [&]() -> awaitable<void> {
        co_await ask_behind_a_first(all, {"a=", "b=", "c="});
        EXPECT_EQ(answers["c="], "overloaded");
        held = false;
        co_await callers.drained();
        spawn(all, {"c="});
        co_await callers.drained();
    }());
    EXPECT_EQ(committed, (strings{"first=", "a=", "b=", "c="}));
}

TEST_F(group_commit_test, whose_turn_comes_too_late_is_told_so_and_nothing_is_written) {
    auto rules = how();
    rules.patience = 200ms;
    writes all(io.get_executor(), rules);
    test::run(io, [&]() -> awaitable<void> {
        co_await ask_behind_a_first(all, {"a="});
        const auto late = std::chrono::steady_clock::now() + rules.patience;
        co_await until([&] { return std::chrono::steady_clock::now() > late; });
        held = false;
        co_await callers.drained();
    }());
    EXPECT_EQ(answers["a="], "unavailable");
    EXPECT_EQ(committed, strings{"first="});
}

TEST_F(group_commit_test, a_cancelled_caller_takes_his_item_back_unless_it_is_under_way) {
    writes all(io.get_executor(), how());
    test::run(io, [&]() -> awaitable<void> {
        co_await ask_behind_a_first(all, {"a="});
        co_await callers.stop();
        EXPECT_EQ(answers["first="], "cancelled");
        EXPECT_EQ(answers["a="], "cancelled");
        held = false;
        co_await all.stop();
    }());
    EXPECT_EQ(committed, strings{"first="});
}

TEST_F(group_commit_test, stopping_waits_for_what_is_under_way) {
    writes all(io.get_executor(), how());
    held_alone = true;
    bool stopped = false;
    async::task_group stopping(io.get_executor());
    const auto stop = [&]() -> awaitable<void> {
        co_await all.stop();
        stopped = true;
    };
    test::run(io, [&]() -> awaitable<void> {
        co_await ask_behind_a_first(all, {"a=busy", "b="});
        stopping.spawn("stop", stop());
        held = false;
        co_await until([&] { return alone_begun == strings{"a=busy"} && answers["b="] == "b="; });
        EXPECT_FALSE(stopped);
        held_alone = false;
        co_await stopping.drained();
        co_await callers.drained();
    }());
    EXPECT_EQ(committed, (strings{"first=", "b=", "a=busy"}));
}

}  // namespace
}  // namespace veil::db
