// Wall time as a parameter, so that tests can pin it. Any thread.
#pragma once

#include <chrono>
#include <cstdint>

namespace veil::core {

class clock {
 public:
    virtual ~clock() = default;
    // Seconds since 1970-01-01 UTC.
    virtual std::int64_t now() const = 0;
};

class system_clock final : public clock {
 public:
    std::int64_t now() const override {
        return std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch())
            .count();
    }
};

}  // namespace veil::core
