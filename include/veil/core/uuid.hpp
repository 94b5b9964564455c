// Random UUIDs. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace veil::core {

// A version 4 UUID in lower case (RFC 9562, section 5.4) from OpenSSL's generator; unguessable.
std::string uuid4();

// Whether the text is a UUID of any version in lower case.
bool is_uuid(std::string_view text) noexcept;

}  // namespace veil::core
