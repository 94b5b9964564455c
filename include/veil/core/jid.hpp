// Bare JIDs, local@domain (RFC 7622), as far as the accounts of one domain need them. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace veil::core {

// Parses a bare JID of `domain`, in lower case; nullopt when the text is not one (no resource, no spaces or control
// characters, none of the characters that RFC 7622 forbids in a local part, at most 1023 bytes).
std::optional<std::string> bare_jid_of(std::string_view text, std::string_view domain);

// What stands before the @ of a bare JID.
std::string_view local_part(std::string_view bare_jid) noexcept;

}  // namespace veil::core
