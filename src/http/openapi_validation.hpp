// The 422 with a list of everything that is wrong with a request, as a schema.
#pragma once

#include <veil/core/schema.hpp>

namespace veil::http {

extern const core::schema validation_error;

}  // namespace veil::http
