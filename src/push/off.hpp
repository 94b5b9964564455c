// The provider of a platform that is not configured, or not rightly. Owned by providers; I/O thread only.
#pragma once

#include "provider.hpp"

namespace veil::push {

class off final : public provider {
 public:
    // name: a literal, the provider's that is missing.
    off(std::string_view name, std::string reason) : name_(name), reason_(std::move(reason)) {}

    std::string_view name() const override { return name_; }
    std::string describe() const override { return reason_; }
    void measure(metrics::registry&) override {}
    void start() override {}
    awaitable<void> stop() override { co_return; }
    awaitable<bool> reload_key(options) override { co_return false; }
    awaitable<void> reseal(core::secret_pair) override { co_return; }
    void trust(const std::string&) override {}
    awaitable<outcome> send(attempt) override { co_return outcome{.what = result::not_configured, .reason = reason_}; }

 private:
    std::string_view name_;
    std::string reason_;
};

}  // namespace veil::push
