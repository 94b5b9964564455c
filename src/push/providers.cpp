#include "providers.hpp"

#include <veil/log/log.hpp>

#include "apns.hpp"
#include "fcm.hpp"
#include "off.hpp"

namespace veil::push {
namespace {

constexpr metrics::family configured{"veil_push_configured", "Whether a provider is configured: 1 or 0."};

}  // namespace

providers::providers(boost::asio::any_io_executor executor, const options& with, db::pool& database,
                     const core::clock& clock)
    : slots_{slot{"ios", nullptr}, slot{"android", nullptr}} {
    try {
        slots_[0].chosen = std::make_unique<apns>(executor, with, database, clock);
    } catch (const std::exception& fault) {
        slots_[0] = {"ios", std::make_unique<off>("apns", fault.what()), true};
    }
    try {
        slots_[1].chosen = std::make_unique<fcm>(executor, with, clock);
    } catch (const std::exception& fault) {
        slots_[1] = {"android", std::make_unique<off>("fcm", fault.what()), true};
    }
}

void providers::measure(metrics::registry& into) {
    for (auto& each : slots_) {
        into.make_gauge(configured, {{"provider", each.chosen->name()}}).set(each.is_off ? 0 : 1);
        each.chosen->measure(into);
    }
}

void providers::start() {
    for (auto& each : slots_) {
        if (each.is_off)
            log::warn("push to {}: off: {}", each.platform, each.chosen->describe());
        else
            log::info("push to {}: ready, {}", each.platform, each.chosen->describe());
        each.chosen->start();
    }
}

awaitable<void> providers::stop() {
    for (auto& each : slots_) co_await each.chosen->stop();
}

}  // namespace veil::push
