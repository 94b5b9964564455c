// A string that must not be seen: it has no stream operator and no formatter, so it cannot reach a log by accident, and
// its memory is wiped when it goes. Any thread.
#pragma once

#include <openssl/crypto.h>

#include <string>
#include <string_view>
#include <utility>

namespace veil::core {

class secret {
 public:
    secret() = default;
    explicit secret(std::string value) : value_(std::move(value)) {}
    secret(const secret&) = default;
    secret(secret&& other) noexcept { value_.swap(other.value_); }
    secret& operator=(secret other) noexcept {
        value_.swap(other.value_);
        return *this;
    }
    ~secret() { wipe(); }

    // The one way to the text; call it where the text leaves for its destination, not before.
    const std::string& reveal() const noexcept { return value_; }
    bool empty() const noexcept { return value_.empty(); }
    std::size_t size() const noexcept { return value_.size(); }

    // Compares in constant time for equal lengths.
    bool equals(std::string_view other) const noexcept {
        return value_.size() == other.size() && CRYPTO_memcmp(value_.data(), other.data(), other.size()) == 0;
    }

 private:
    void wipe() noexcept {
        OPENSSL_cleanse(value_.data(), value_.size());
        value_.clear();
    }
    std::string value_;
};

// A secret and, while it is being rotated, the one before it: what `current` made is made from now on, what `previous`
// made is still accepted. Outside of a rotation `previous` is empty.
struct secret_pair {
    secret_pair(secret now = {}, secret before = {}) : current(std::move(now)), previous(std::move(before)) {}
    bool operator==(const secret_pair& other) const noexcept {
        return current.equals(other.current.reveal()) && previous.equals(other.previous.reveal());
    }

    secret current, previous;
};

}  // namespace veil::core
