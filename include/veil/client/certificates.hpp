// Until when certificates are valid. Unix seconds.
#pragma once

#include <openssl/types.h>

#include <cstdint>
#include <optional>
#include <string>

namespace veil::client {

// The end of a certificate's validity (RFC 5280, section 4.1.2.5); null when it cannot be read.
std::optional<std::int64_t> expiry_of(const X509* certificate);

// The earliest end among the certificates of a PEM file; null when there are none. Reads the file.
std::optional<std::int64_t> expiry_of_file(const std::string& path);

}  // namespace veil::client
