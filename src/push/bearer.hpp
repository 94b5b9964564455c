// What a provider knows us by. Any thread.
#pragma once

#include <memory>
#include <veil/core/secret.hpp>

namespace veil::push {

// An authorization header's value, scheme included, that many requests share; null: there is none.
using bearer = std::shared_ptr<const core::secret>;

}  // namespace veil::push
