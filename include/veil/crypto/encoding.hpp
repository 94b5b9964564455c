// Bytes as text. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace veil::crypto {

// Base64 with padding (RFC 4648, section 4).
std::string base64(std::string_view bytes);

// Base64 with padding back to bytes; nullopt for anything that base64() would not have written.
std::optional<std::string> from_base64(std::string_view text);

// Base64url without padding (RFC 4648, section 5; RFC 7515, section 2).
std::string base64url(std::string_view bytes);

// Strict: nullopt for padding, foreign characters and for spare bits that are not zero, so that every byte string has
// exactly one text.
std::optional<std::string> from_base64url(std::string_view text);

// Lower-case hexadecimal.
std::string hex(std::string_view bytes);

}  // namespace veil::crypto
