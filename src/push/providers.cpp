#include "providers.hpp"

#include <stdexcept>
#include <utility>
#include <veil/core/errors.hpp>
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
    : slots_{slot{.platform = "ios",
                  .variable = "APNS_KEY_PATH",
                  .make = [executor, &database, &clock](const options& o) -> std::unique_ptr<provider> {
                      return std::make_unique<apns>(executor, o, database, clock);
                  },
                  .chosen = nullptr},
             slot{.platform = "android",
                  .variable = "FCM_SERVICE_ACCOUNT_PATH",
                  .make = [executor, &clock](const options& o) -> std::unique_ptr<provider> {
                      return std::make_unique<fcm>(executor, o, clock);
                  },
                  .chosen = nullptr}} {
    choose(slots_[0], "apns", with);
    choose(slots_[1], "fcm", with);
}

// name: a literal, the provider's.
void providers::choose(slot& which, std::string_view name, const options& with) {
    try {
        which.chosen = which.make(with);
        which.is_off = false;
    } catch (const std::exception& fault) {
        which.chosen = std::make_unique<off>(name, fault.what());
        which.is_off = true;
    }
}

void providers::measure(metrics::registry& into) {
    registry_ = &into;
    for (auto& each : slots_) measure_slot(each);
}

void providers::measure_slot(slot& which) {
    if (registry_ == nullptr) return;
    registry_->make_gauge(configured, {{"provider", which.chosen->name()}}).set(which.is_off ? 0 : 1);
    which.chosen->measure(*registry_);
}

void providers::announce(const slot& which) {
    if (which.is_off)
        log::warn("push to {}: off: {}", which.platform, which.chosen->describe());
    else
        log::info("push to {}: ready, {}", which.platform, which.chosen->describe());
}

void providers::start() {
    for (auto& each : slots_) {
        announce(each);
        each.chosen->start();
    }
}

awaitable<std::vector<reloaded>> providers::reload_keys(options with) {
    std::vector<reloaded> out;
    for (auto& each : slots_) out.push_back(co_await reload(each, with));
    co_return out;
}

// False: it stays off, for a reason that the log is told.
bool providers::turn_on(slot& which, const options& with) {
    const auto name = which.chosen->name();
    which.before = std::move(which.chosen);
    choose(which, name, with);
    measure_slot(which);
    announce(which);
    which.chosen->start();
    return !which.is_off;
}

awaitable<reloaded> providers::reload(slot& which, const options& with) {
    reloaded out{.variable = which.variable, .fault = {}};
    try {
        out.taken = which.is_off ? turn_on(which, with) : co_await which.chosen->reload_key(with);
    } catch (const std::invalid_argument& fault) {
        out.fault = fault.what();
    } catch (const core::unavailable& failure) {
        out.fault = failure.what();
    }
    co_return out;
}

awaitable<void> providers::reseal(core::secret_pair secret) {
    for (auto& each : slots_) co_await each.chosen->reseal(secret);
}

void providers::trust(const std::string& ca_file) {
    for (auto& each : slots_) each.chosen->trust(ca_file);
}

awaitable<void> providers::stop() {
    for (auto& each : slots_) co_await each.chosen->stop();
}

}  // namespace veil::push
