// Gives what broke beneath the words of the contract. Any executor.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <utility>
#include <veil/core/errors.hpp>

namespace veil::async {

// Awaits `operation`; its core::unavailable becomes `out_of_reach`, its core::refused becomes `refusal`. A full queue
// of our own stays core::overloaded, and an api_error what it is.
template <class T>
boost::asio::awaitable<T> explained(boost::asio::awaitable<T> operation, core::failure out_of_reach,
                                    core::failure refusal) {
    try {
        co_return co_await std::move(operation);
    } catch (const core::overloaded&) {
        throw;
    } catch (const core::unavailable& error) {
        throw core::api_error(out_of_reach).because(error.what());
    } catch (const core::refused& error) {
        throw core::api_error(refusal).because(error.what());
    }
}

}  // namespace veil::async
