// Which calls ring and whom, in PostgreSQL, so that a call rings once whatever process hears of it and however often.
// Owned by the push service; I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>
#include <veil/db/pool.hpp>

#include "provider.hpp"

namespace veil::push {

struct claim {
    enum class state {
        ours,        // ring `devices`
        no_devices,  // the callee has none
        answered,    // it rang before, or was over before it began: `sent` is the answer
        busy,        // another request is ringing right now
    } what = state::no_devices;
    std::int64_t call = 0;
    std::vector<device> devices;
    std::int64_t sent = 0;  // for `ours`: devices that a dead process had rung
};

class calls {
 public:
    explicit calls(db::pool& database) : database_(database) {}

    // Takes the call of (callee, call_id) if it is new, 60 s old, or its claimer has died without an answer.
    awaitable<claim> take(std::string callee, std::string call_id);

    // From now on nobody is to ring for it, also when it begins only later; returns the devices that rang and takes
    // their cancel push upon the caller.
    awaitable<claim> end(std::string callee, std::string call_id, std::string reason);

    // The device as it is registered now, unless the call is over or the registration gone.
    awaitable<std::optional<device>> still_wanted(std::int64_t call, std::string device_id);

    // Forgets calls of an hour ago, and of a week ago what is kept for people, in batches.
    awaitable<void> prune();

 private:
    awaitable<void> prune_table(std::string table, std::string column, std::string age);

    db::pool& database_;
};

}  // namespace veil::push
