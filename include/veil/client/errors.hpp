// What a call to another server may end with, beyond core's own errors.
#pragma once

#include <veil/core/errors.hpp>

namespace veil::client {

// The call never reached the server, so it certainly had no effect.
struct not_sent : core::unavailable {
    using unavailable::unavailable;
};

}  // namespace veil::client
