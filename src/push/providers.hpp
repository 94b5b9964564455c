// The configured providers, by platform; one that is missing or broken turns only its own platform off. Owned by the
// push service; I/O thread only.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <veil/core/clock.hpp>
#include <veil/db/pool.hpp>
#include <veil/push/options.hpp>

#include "provider.hpp"

namespace veil::push {

class providers {
 public:
    providers(boost::asio::any_io_executor executor, const options& with, db::pool& database, const core::clock& clock);

    // Shows the providers from now on.
    void measure(metrics::registry& into);

    // Says in the log which platforms are on, and connects.
    void start();
    awaitable<void> stop();

    // Of a platform that is off too; such a provider describes itself by the reason.
    provider& of(std::string_view platform) { return *find(platform).chosen; }
    bool is_off(std::string_view platform) const { return find(platform).is_off; }

 private:
    struct slot {
        std::string_view platform;
        std::unique_ptr<provider> chosen;
        bool is_off = false;
    };
    const slot& find(std::string_view platform) const { return platform == slots_[0].platform ? slots_[0] : slots_[1]; }

    std::array<slot, 2> slots_;
};

}  // namespace veil::push
