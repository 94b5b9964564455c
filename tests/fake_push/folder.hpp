// The folder of keys, certificates and settings that a fake and the server that talks to it share. What is missing is
// made; what is there is used again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "support/identity.hpp"

namespace veil::fake_push {

struct ports {
    std::uint16_t apns, sandbox, google;
};

class folder {
 public:
    // Throws std::exception when a file cannot be read, understood or written.
    explicit folder(const std::string& path);

    const test::identity& server() const { return server_; }
    EVP_PKEY& apns_key() const { return *apns_key_; }
    EVP_PKEY& apns_next_key() const { return *apns_next_key_; }
    EVP_PKEY& service_key() const { return *service_key_; }
    const std::string& client_email() const { return client_email_; }

    // Where access tokens come from: known once Google's port is.
    static std::string token_uri(std::uint16_t google_port);
    // Writes service_account.json (its token_uri) and veil.env for these ports.
    void point_at(const ports& where) const;

 private:
    void load_server();
    test::key_ptr load_apns_key(const char* name) const;
    void load_service_account();
    void write(const char* name, const std::string& text) const;
    std::string read(const char* name) const;
    bool has(const char* name) const;

    std::filesystem::path path_;
    test::identity server_;
    test::key_ptr apns_key_, apns_next_key_, service_key_;
    std::string client_email_, private_key_id_;
};

}  // namespace veil::fake_push
