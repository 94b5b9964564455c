// Group commit: writes that come while a transaction is under way are committed together in the next one. The first to
// come waits for nobody; when many come, a commit and its round trips are shared by all of them. Nothing is answered
// before its commit. Owned by a feature; I/O thread only.
#pragma once

#include <algorithm>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/system/system_error.hpp>
#include <chrono>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include <veil/async/semaphore.hpp>
#include <veil/async/task_group.hpp>
#include <veil/core/errors.hpp>
#include <veil/core/fault_point.hpp>

namespace veil::db {

namespace asio = boost::asio;
using asio::awaitable;

template <class Item, class Result>
class group_commit {
 public:
    // One for each item; nullopt for one that must be written alone, as it would hold up the others.
    using results = std::vector<std::optional<Result>>;

    struct rules {
        // Items with the same key are written one after another, in the order in which they came.
        std::function<std::string(const Item&)> key;
        // Writes all of them in one transaction, no two with the same key, without waiting for anybody's locks. When it
        // throws core::unavailable everyone is told so. When it throws anything else one of them is to blame, and which
        // one shows when each is written alone.
        std::function<awaitable<results>(std::vector<const Item*>)> together;
        // Writes one in a transaction of its own; may wait. What it throws is for that one.
        std::function<awaitable<Result>(const Item&)> alone;
        std::size_t max_batch = 64;
        std::size_t max_unanswered = 1'024;  // more throw core::overloaded at once
        // As long as the pool's; whose turn has not come by then is told core::unavailable.
        std::chrono::milliseconds patience{4'000};
    };

    group_commit(asio::any_io_executor executor, rules how)
        : executor_(std::move(executor)),
          rules_(std::move(how)),
          alone_(executor_, max_alone, rules_.max_unanswered),
          tasks_(executor_) {}

    // Returns when the item is committed. A caller who is cancelled takes his item back if its turn has not come; else
    // it is written all the same.
    awaitable<Result> write(Item item) {
        if (waiting_.size() + in_hand_.size() >= rules_.max_unanswered)
            throw core::overloaded("too many writes are waiting");
        auto key = rules_.key(item);
        const auto mine = std::make_shared<entry>(executor_, std::move(item), std::move(key));
        waiting_.push_back(mine);
        start();
        boost::system::error_code ignored;
        if (!mine->answered) co_await mine->answer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
        if (!mine->answered) {
            std::erase(waiting_, mine);
            throw boost::system::system_error(asio::error::operation_aborted);
        }
        if (mine->failure) std::rethrow_exception(mine->failure);
        co_return std::move(*mine->result);
    }

    // Waits until everything is written and answered. No write() may start after it.
    awaitable<void> stop() { co_await tasks_.drained(); }

 private:
    using time_point = std::chrono::steady_clock::time_point;

    // Who writes alone may wait for locks; the others must find connections all the same.
    static constexpr std::size_t max_alone = 4;

    struct entry {
        entry(const asio::any_io_executor& executor, Item i, std::string k)
            : item(std::move(i)), key(std::move(k)), answer(executor, time_point::max()) {}
        Item item;
        std::string key;
        time_point since = std::chrono::steady_clock::now();
        asio::steady_timer answer;  // never expires by itself; cancelled when there is one
        bool answered = false;
        std::optional<Result> result;
        std::exception_ptr failure;
    };
    using entry_ptr = std::shared_ptr<entry>;

    void start() {
        if (working_ || waiting_.empty()) return;
        working_ = true;
        tasks_.spawn("group commit", work());
    }

    awaitable<void> work() {
        for (auto batch = take(); !batch.empty(); batch = take()) co_await commit(std::move(batch));
        working_ = false;
    }

    // Those whose turn it is, with their keys; those who share a key with somebody before them stay.
    std::vector<entry_ptr> take() {
        give_up_on_late_ones();
        std::vector<entry_ptr> batch;
        std::deque<entry_ptr> staying;
        for (auto& next : waiting_) {
            const bool mine = batch.size() < rules_.max_batch && in_hand_.insert(next->key).second;
            if (mine)
                batch.push_back(std::move(next));
            else
                staying.push_back(std::move(next));
        }
        waiting_ = std::move(staying);
        return batch;
    }

    void give_up_on_late_ones() {
        while (!waiting_.empty() && is_late(*waiting_.front())) {
            const auto late = std::move(waiting_.front());
            waiting_.pop_front();
            late->failure = std::make_exception_ptr(too_late());
            answer(*late);
        }
    }

    bool is_late(const entry& one) const { return std::chrono::steady_clock::now() > one.since + rules_.patience; }

    static core::unavailable too_late() { return core::unavailable("database: writes take too long"); }

    awaitable<void> commit(std::vector<entry_ptr> batch) {
        std::vector<const Item*> items;
        for (const auto& each : batch) items.push_back(&each->item);
        results outcome(batch.size());
        std::exception_ptr outage;
        try {
            outcome = co_await rules_.together(std::move(items));
            core::fault_point("group_commit.committed");
        } catch (const core::unavailable&) {
            outage = std::current_exception();
        } catch (const std::exception&) {  // one of them; each is tried alone
        }
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (!outage && !outcome[i]) {
                tasks_.spawn("write alone", commit_alone(std::move(batch[i])));
                continue;
            }
            batch[i]->failure = outage;
            batch[i]->result = std::move(outcome[i]);
            put_down(*batch[i]);
        }
    }

    awaitable<void> commit_alone(entry_ptr one) {
        try {
            const auto place = co_await alone_.acquire();
            if (is_late(*one)) throw too_late();
            one->result.emplace(co_await rules_.alone(one->item));
        } catch (...) {
            one->failure = std::current_exception();
        }
        put_down(*one);
        start();  // who shares its key may have waited for this
    }

    void put_down(entry& done) {
        in_hand_.erase(done.key);
        answer(done);
    }

    static void answer(entry& done) {
        done.answered = true;
        done.answer.cancel();
    }

    asio::any_io_executor executor_;
    rules rules_;
    std::deque<entry_ptr> waiting_;
    std::set<std::string> in_hand_;  // keys
    bool working_ = false;           // a batch is under way
    async::semaphore alone_;
    async::task_group tasks_;
};

}  // namespace veil::db
