#include <algorithm>
#include <new>
#include <random>
#include <span>
#include <veil/limits/buckets.hpp>

#include "siphash.hpp"

namespace veil::limits {
namespace {

constexpr std::size_t places = 16;  // of a set

std::uint64_t random_word() {
    std::random_device source;
    return (std::uint64_t{source()} << 32) | source();
}

}  // namespace

buckets::buckets() : secret_{random_word(), random_word()} {}

// The bucket of the key, or the one of its set that is missed least: never used, full again, or nearest to it.
buckets::bucket& buckets::find(std::uint64_t key, std::int64_t now) {
    const std::size_t first = (key / 2 % (capacity / places)) * places;
    const std::span set(table_.get() + first, places);
    const auto known = std::ranges::find(set, key, &bucket::key);
    if (known != set.end()) return *known;
    auto& least = *std::ranges::min_element(set, {}, &bucket::full_at);
    least = {.key = key, .full_at = now};
    return least;
}

verdict buckets::take(std::string_view policy, const rule& under, std::string_view key, microseconds now) {
    if (!table_) {
        // Pages that nobody was counted in stay untouched, and take no memory.
        table_.reset(static_cast<bucket*>(std::calloc(capacity, sizeof(bucket))));
        if (!table_) throw std::bad_alloc();
    }
    constexpr std::uint64_t used = 1;  // no key is 0
    auto& found = find(siphash({secret_[0], secret_[1]}, key) | used, now.count());
    const auto level = microseconds(std::max<std::int64_t>(found.full_at - now.count(), 0));
    if (const auto wait = wait_at(under, level); wait.count() > 0) return refused(policy, under, whole_seconds(wait));
    found.full_at = now.count() + (level + under.interval).count();
    return taken(policy, under, level + under.interval);
}

}  // namespace veil::limits
