// What the push feature is told by the configuration.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <veil/core/secret.hpp>

namespace veil::push {

struct endpoint {
    std::string host;
    std::uint16_t port = 443;
};

struct options {
    std::string xmpp_domain;
    core::secret_pair webhook_secret;    // empty: webhooks are served to loopback peers only
    core::secret_pair sealing_secret;    // encrypts Apple's provider token in the database
    std::chrono::seconds ring_time{30};  // no push is sent or kept for longer
    std::string ca_file;                 // PEM; empty: the system's authorities

    std::string apns_key_path, apns_key_id, apns_team_id, apns_bundle_id;  // an empty key id: no pushes to iOS
    bool apns_sandbox_first = false, apns_try_both = true;
    endpoint apns_production, apns_sandbox;

    std::string fcm_account_path;  // no such file: no pushes to Android
    endpoint fcm, fcm_token;       // the second one's host is empty: the token_uri of the service account
};

// What came of reading a provider's key again.
struct reloaded {
    std::string_view variable;  // that names the file
    bool taken = false;         // false without a fault: it is the same as before, or the platform is off as before
    std::string fault;          // why it was refused; the old one is in use
};

}  // namespace veil::push
