// The configured providers, by platform; one that is missing or broken turns only its own platform off. Owned by the
// push service; I/O thread only.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>
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

    // As push::service has them.
    awaitable<std::vector<reloaded>> reload_keys(options with);
    awaitable<void> reseal(core::secret_pair secret);
    void trust(const std::string& ca_file);

    // Of a platform that is off too; such a provider describes itself by the reason.
    provider& of(std::string_view platform) { return *find(platform).chosen; }
    bool is_off(std::string_view platform) const { return find(platform).is_off; }

 private:
    struct slot {
        std::string_view platform, variable;  // literals; the second one names the file with its key
        std::function<std::unique_ptr<provider>(const options&)> make;
        std::unique_ptr<provider> chosen;
        std::unique_ptr<provider> before = nullptr;  // what `off` was here; a push under way may still hold it
        bool is_off = false;
    };
    static void choose(slot& which, std::string_view name, const options& with);
    static void announce(const slot& which);
    void measure_slot(slot& which);
    bool turn_on(slot& which, const options& with);
    awaitable<reloaded> reload(slot& which, const options& with);
    const slot& find(std::string_view platform) const { return platform == slots_[0].platform ? slots_[0] : slots_[1]; }

    std::array<slot, 2> slots_;
    metrics::registry* registry_ = nullptr;
};

}  // namespace veil::push
