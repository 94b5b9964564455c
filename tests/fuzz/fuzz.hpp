// What the fuzz targets share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

namespace veil::fuzz {

// What must hold for every input: otherwise the program ends where it failed, and libFuzzer keeps the input.
inline void demand(bool holds) {
    if (!holds) std::abort();
}

// The input as text, taken apart from the front.
class input {
 public:
    input(const std::uint8_t* data, std::size_t size) : left_(reinterpret_cast<const char*>(data), size) {}

    // One byte as a number below `limit`; 0 when nothing is left.
    std::size_t choice(std::size_t limit) {
        if (left_.empty()) return 0;
        const auto byte = static_cast<unsigned char>(left_.front());
        left_.remove_prefix(1);
        return byte % limit;
    }

    // Up to the next newline.
    std::string_view line() {
        const auto taken = left_.substr(0, left_.find('\n'));
        left_.remove_prefix(taken.size() + (taken.size() < left_.size() ? 1 : 0));
        return taken;
    }

    std::string_view rest() const { return left_; }

 private:
    std::string_view left_;
};

}  // namespace veil::fuzz
