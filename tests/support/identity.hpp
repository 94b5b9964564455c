// Keys and certificates for tests: made, written as PEM and read back. Whoever asks owns what it gets; no state. Any
// thread. Everything throws std::runtime_error when OpenSSL refuses.
#pragma once

#include <openssl/types.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace veil::test {

struct release_openssl {
    void operator()(EVP_PKEY* key) const noexcept;
    void operator()(X509* certificate) const noexcept;
};
using key_ptr = std::unique_ptr<EVP_PKEY, release_openssl>;
using certificate_ptr = std::unique_ptr<X509, release_openssl>;

struct identity {
    key_ptr key;
    certificate_ptr certificate;
};

key_ptr make_ec_key(const std::string& curve = "P-256");
key_ptr make_rsa_key(unsigned bits = 2048);

// A certificate for `name` (a host name or an IPv4 address) that is its own authority; an hour of life.
identity make_self_signed(const std::string& name);

// A certificate authority, and a server's certificate for `names` signed by it; ten years of life.
identity make_authority();
identity make_server(const identity& authority, const std::vector<std::string>& names);

// Private keys are PKCS#8.
std::string pem(const EVP_PKEY& key);
std::string pem(const X509& certificate);
key_ptr key_from_pem(const std::string& text);
certificate_ptr certificate_from_pem(const std::string& text);

// Makes a TLS server present `who`.
void use_identity(SSL_CTX* context, const identity& who);

// A text in a file of its own under /tmp that lives as long as the object: a CA file, a key.
class temporary_file {
 public:
    explicit temporary_file(std::string_view text);
    ~temporary_file();
    temporary_file(const temporary_file&) = delete;
    temporary_file& operator=(const temporary_file&) = delete;

    const std::string& path() const { return path_; }

 private:
    std::string path_ = "/tmp/veil-test.XXXXXX";
};

}  // namespace veil::test
