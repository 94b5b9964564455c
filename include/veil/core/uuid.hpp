// Random UUIDs. Any thread.
#pragma once

#include <string>

namespace veil::core {

// A version 4 UUID in lower case (RFC 9562, section 5.4) from OpenSSL's generator; unguessable.
std::string uuid4();

}  // namespace veil::core
