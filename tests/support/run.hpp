// Runs an awaitable to completion on an io_context of its own, and a clock that stands still.
#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <type_traits>
#include <veil/core/clock.hpp>

namespace veil::test {

template <class T>
T run(boost::asio::io_context& io, boost::asio::awaitable<T> task) {
    std::exception_ptr failure;
    io.restart();
    if constexpr (std::is_void_v<T>) {
        boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr error) { failure = error; });
        io.run();
        if (failure) std::rethrow_exception(failure);
    } else {
        std::optional<T> result;
        boost::asio::co_spawn(io, std::move(task), [&](std::exception_ptr error, T value) {
            failure = error;
            if (!failure) result.emplace(std::move(value));
        });
        io.run();
        if (failure) std::rethrow_exception(failure);
        return std::move(*result);
    }
}

template <class T>
T run(boost::asio::awaitable<T> task) {
    boost::asio::io_context io;
    return run(io, std::move(task));
}

class pinned_clock final : public core::clock {
 public:
    explicit pinned_clock(std::int64_t at) : at_(at) {}
    std::int64_t now() const override { return at_; }
    void set(std::int64_t at) { at_ = at; }

 private:
    std::int64_t at_;
};

}  // namespace veil::test
