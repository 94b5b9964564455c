// Writes down what came of pushes: the log, the registration's last result or its end, and which devices rang; and what
// webhooks were answered. In batches and behind the calls' backs, so that no call waits for it. Owned by the push
// service; I/O thread only.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>
#include <veil/async/signal.hpp>
#include <veil/async/task_group.hpp>
#include <veil/db/pool.hpp>

#include "provider.hpp"

namespace veil::push {

// What an attempt means for the device in this call.
enum class device_state { unchanged, rung, failed };

struct record {
    std::int64_t call = 0;  // row of push_calls; 0 for a test push
    message::kind kind = message::kind::call;
    std::string call_id;
    std::string request_id;  // of the webhook that it began with; empty for a test push
    device_ptr to;
    std::string_view provider;  // a literal
    int attempt = 1;
    outcome seen;
    std::int64_t at = 0;  // Unix milliseconds
    std::int64_t milliseconds = 0;
    std::string push_id;
    device_state state = device_state::unchanged;
};

// A row of push_webhooks: what was asked about a call, and what came of it.
struct webhook_record {
    message::kind kind = message::kind::call;  // or cancel
    std::string call_id, callee, request_id;
    std::string reason = {};                      // of a cancellation
    std::string_view result = "failed";           // a literal
    std::int64_t at = 0;                          // Unix milliseconds
    std::optional<std::int64_t> claimed_ms = {};  // since then; null: there was nothing to claim
    std::int64_t answered_ms = 0;
    std::int64_t devices = 0, sent = 0;
};

class recorder {
 public:
    // Called for a device that rang although its call was over, with the reason that it is to be told.
    using late_ring = std::function<void(const record& rang, std::string reason)>;

    recorder(boost::asio::any_io_executor executor, db::pool& database, late_ring on_late_ring);

    void start();

    // Writes what is left, once, and ends.
    awaitable<void> stop();

    void add(record what);
    void add(webhook_record what);

    // How much waits to be written.
    std::size_t waiting() const noexcept { return records_.size() + answers_.size() + webhooks_.size(); }

    // What the webhook was answered; after 0 the call is over.
    void answered(std::int64_t call, std::int64_t sent);

 private:
    struct answer {
        std::int64_t call, sent;
    };
    struct batch {
        std::vector<record> records;
        std::vector<answer> answers;
        std::vector<webhook_record> webhooks;
    };

    awaitable<void> write_forever();
    awaitable<void> write_batch();
    batch take();
    void put_back(batch unwritten);
    std::vector<std::pair<std::size_t, std::string>> write(pqxx::work& tx, const batch& b) const;

    db::pool& database_;
    late_ring on_late_ring_;
    std::deque<record> records_;
    std::deque<answer> answers_;
    std::deque<webhook_record> webhooks_;
    async::signal more_;
    async::task_group tasks_;
};

}  // namespace veil::push
