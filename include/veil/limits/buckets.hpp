// The buckets of one process: a table of fixed size, 32 bytes for each of a million keys that are active at once, made
// when the first request is counted. A key hashes to a set of places; when all are in use, the bucket goes that is
// nearest to being full. So a flood of new keys costs no memory and locks nobody out, and it drives out its own buckets
// before that of anybody who has used up more. I/O thread only.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string_view>
#include <veil/limits/rule.hpp>

namespace veil::limits {

class buckets {
 public:
    using microseconds = std::chrono::microseconds;

    static constexpr std::size_t capacity = std::size_t{1} << 21;  // a million keys find a place with next to no loss

    buckets();

    // Takes one from the bucket of `key`, which is made when it is not there. `now` is any clock that never goes back.
    verdict take(std::string_view policy, const rule& under, std::string_view key, microseconds now);

    // Bytes that the table takes at most.
    static constexpr std::size_t size_bytes() noexcept { return capacity * sizeof(bucket); }

 private:
    struct bucket {
        std::uint64_t key;     // 0: never used
        std::int64_t full_at;  // microseconds; from then on the bucket is as good as none
    };
    struct release {
        void operator()(bucket* table) const noexcept { std::free(table); }
    };

    bucket& find(std::uint64_t key, std::int64_t now);

    std::uint64_t secret_[2];
    std::unique_ptr<bucket[], release> table_;
};

}  // namespace veil::limits
