// Delays that differ, so that those who failed together do not come back together. Any thread.
#pragma once

#include <chrono>
#include <random>

namespace veil::async {

// A random time from half of `time` to one and a half of it.
inline std::chrono::milliseconds jittered(std::chrono::milliseconds time) {
    static thread_local std::minstd_rand random{std::random_device{}()};
    return std::chrono::milliseconds(
        std::uniform_int_distribution<std::int64_t>(time.count() / 2, time.count() * 3 / 2)(random));
}

}  // namespace veil::async
