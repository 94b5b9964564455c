// Message digests. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace veil::crypto {

// MD5 in lower-case hexadecimal: only for SIP digest authentication, which prescribes it (RFC 2617, section 3.2.2.2).
std::string md5_hex(std::string_view data);

// SHA-256 as 32 raw bytes.
std::string sha256(std::string_view data);

}  // namespace veil::crypto
