// Secrets that must wait in the database for a moment: AES-256-GCM under a key that is not in the database. Any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <veil/core/secret.hpp>

namespace veil::crypto {

class sealer {
 public:
    // The key is derived from the secret and `purpose`, so that one secret of the configuration serves several uses.
    // What was sealed with the previous secret can be opened too.
    sealer(const core::secret_pair& secret, std::string_view purpose);

    // Encrypts `text`, bound to `context` (for example the JID it belongs to); base64 of nonce, ciphertext and tag.
    std::string seal(const core::secret& text, std::string_view context) const;

    // nullopt when the text was sealed by none of the keys for this context.
    std::optional<core::secret> open(std::string_view sealed, std::string_view context) const;

 private:
    std::vector<core::secret> keys_;  // the first one seals
};

}  // namespace veil::crypto
