#include "providers.hpp"

#include <veil/log/log.hpp>

#include "apns.hpp"
#include "fcm.hpp"

namespace veil::push {

providers::providers(boost::asio::any_io_executor executor, const options& with, db::pool& database,
                     const core::clock& clock)
    : slots_{slot{"ios", "apns", nullptr, {}}, slot{"android", "fcm", nullptr, {}}} {
    try {
        slots_[0].made = std::make_unique<apns>(executor, with, database, clock);
    } catch (const std::exception& fault) {
        slots_[0].off_reason = fault.what();
    }
    try {
        slots_[1].made = std::make_unique<fcm>(executor, with, clock);
    } catch (const std::exception& fault) {
        slots_[1].off_reason = fault.what();
    }
}

void providers::start() {
    for (auto& each : slots_) {
        if (each.made) {
            log::info("push to {}: ready, {}", each.platform, each.made->describe());
            each.made->start();
        } else {
            log::warn("push to {}: off: {}", each.platform, each.off_reason);
        }
    }
}

awaitable<void> providers::stop() {
    for (auto& each : slots_)
        if (each.made) co_await each.made->stop();
}

const providers::slot& providers::find(std::string_view platform) const {
    return platform == slots_[0].platform ? slots_[0] : slots_[1];
}

provider* providers::of(std::string_view platform) { return find(platform).made.get(); }
std::string_view providers::name_for(std::string_view platform) const { return find(platform).provider_name; }
const std::string& providers::off_reason(std::string_view platform) const { return find(platform).off_reason; }

}  // namespace veil::push
