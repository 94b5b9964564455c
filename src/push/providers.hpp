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

    // Says in the log which platforms are on, and connects.
    void start();
    awaitable<void> stop();

    // Null when the platform is off.
    provider* of(std::string_view platform);

    // The provider's name, also when it is off.
    std::string_view name_for(std::string_view platform) const;

    // Why the platform is off.
    const std::string& off_reason(std::string_view platform) const;

 private:
    struct slot {
        std::string_view platform, provider_name;
        std::unique_ptr<provider> made;
        std::string off_reason;
    };
    const slot& find(std::string_view platform) const;

    std::array<slot, 2> slots_;
};

}  // namespace veil::push
