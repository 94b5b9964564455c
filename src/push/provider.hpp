// A push provider: where the pushes of one platform go. Implemented by apns, fcm, and for a platform without a key by
// off. I/O thread only.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <memory>
#include <string>
#include <string_view>
#include <veil/core/secret.hpp>
#include <veil/metrics/metrics.hpp>
#include <veil/push/options.hpp>

#include "message.hpp"
#include "outcome.hpp"

namespace veil::push {

using boost::asio::awaitable;

// A registration as it was read. The sender's guard: it is only ever deleted while it still is exactly this one.
struct device {
    std::string jid, device_id, platform, token, app_id;
    std::string environment;    // Apple's that worked last, or empty
    std::string registered_at;  // the database's own text
};

using device_ptr = std::shared_ptr<const device>;

struct attempt {
    const message& what;
    const device& to;
    const std::string& push_id;  // a lower-case UUID
    std::chrono::steady_clock::time_point until;
    std::chrono::steady_clock::time_point* on_wire = nullptr;  // gets the moment at which the request can leave
};

class provider {
 public:
    virtual ~provider() = default;
    virtual std::string_view name() const = 0;

    // In a few words for people: where pushes go first.
    virtual std::string describe() const = 0;

    // Shows its connections and the age of its token from now on.
    virtual void measure(metrics::registry& into) = 0;

    virtual void start() = 0;
    virtual awaitable<void> stop() = 0;

    // Reads its key again; whether it is another one, which is used from now on. Throws std::invalid_argument, which
    // names the variable and what is wrong, or core::unavailable; then the old one stays in use.
    virtual awaitable<bool> reload_key(options with) = 0;

    // What it keeps in the database is encrypted with another secret from now on.
    virtual awaitable<void> reseal(core::secret_pair secret) = 0;

    // The next connections trust this authority (PEM). Throws when it cannot be used.
    virtual void trust(const std::string& ca_file) = 0;

    // Makes one attempt, whose parts must live until it ends. Throws only when cancelled.
    virtual awaitable<outcome> send(attempt a) = 0;
};

}  // namespace veil::push
