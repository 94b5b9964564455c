#include "identity.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <unistd.h>

#include <stdexcept>

namespace veil::test {
namespace {

constexpr long hour = 3600;
constexpr long ten_years = 10L * 365 * 24 * hour;

using bio_ptr = std::unique_ptr<BIO, decltype(&BIO_free)>;

void must(bool done, const char* what) {
    if (!done) throw std::runtime_error(std::string("OpenSSL: ") + what);
}

// What a new certificate is besides its key.
struct plan {
    const char* common_name;
    std::vector<std::string> names;
    bool authority;
    long seconds;
};

std::string alternative_names(const std::vector<std::string>& names) {
    std::string out;
    for (const auto& name : names) {
        const bool address = name.find_first_not_of("0123456789.") == std::string::npos;
        out += (out.empty() ? "" : ",") + std::string(address ? "IP:" : "DNS:") + name;
    }
    return out;
}

void extend(X509* certificate, X509* issuer, int id, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, id, value.c_str());
    must(extension != nullptr && X509_add_ext(certificate, extension, -1) == 1, "no certificate extension");
    X509_EXTENSION_free(extension);
}

void set_serial(X509* certificate) {
    std::uint64_t serial = 0;
    must(RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) == 1, "no random bytes");
    ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), serial >> 1 | 1);
}

// Signed by `signer`, or by itself without one.
identity issue(const plan& wanted, const identity* signer) {
    identity made{make_ec_key(), certificate_ptr(X509_new())};
    X509* const c = made.certificate.get();
    X509* const issuer = signer != nullptr ? signer->certificate.get() : c;
    X509_set_version(c, 2);
    set_serial(c);
    X509_gmtime_adj(X509_getm_notBefore(c), -hour);
    X509_gmtime_adj(X509_getm_notAfter(c), wanted.seconds);
    X509_set_pubkey(c, made.key.get());
    const auto* const name = reinterpret_cast<const unsigned char*>(wanted.common_name);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC, name, -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(issuer));
    extend(c, issuer, NID_basic_constraints, wanted.authority ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (wanted.authority) extend(c, issuer, NID_key_usage, "critical,digitalSignature,keyCertSign");
    if (!wanted.names.empty()) extend(c, issuer, NID_subject_alt_name, alternative_names(wanted.names));
    extend(c, issuer, NID_subject_key_identifier, "hash");
    if (signer != nullptr) extend(c, issuer, NID_authority_key_identifier, "keyid:always");
    EVP_PKEY* const signing = signer != nullptr ? signer->key.get() : made.key.get();
    must(X509_sign(c, signing, EVP_sha256()) != 0, "no certificate");
    return made;
}

std::string text_of(BIO* memory) {
    char* data = nullptr;
    const auto size = BIO_get_mem_data(memory, &data);
    return {data, static_cast<std::size_t>(size)};
}

bio_ptr reading(const std::string& text) {
    return {BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free};
}

}  // namespace

void release_openssl::operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
void release_openssl::operator()(X509* certificate) const noexcept { X509_free(certificate); }

key_ptr make_ec_key(const std::string& curve) {
    key_ptr made(EVP_EC_gen(curve.c_str()));
    must(made != nullptr, "no EC key");
    return made;
}

key_ptr make_rsa_key(unsigned bits) {
    key_ptr made(EVP_RSA_gen(bits));
    must(made != nullptr, "no RSA key");
    return made;
}

identity make_self_signed(const std::string& name) {
    return issue({.common_name = "test", .names = {name}, .authority = true, .seconds = hour}, nullptr);
}

identity make_authority() {
    return issue({.common_name = "test authority", .names = {}, .authority = true, .seconds = ten_years}, nullptr);
}

identity make_server(const identity& authority, const std::vector<std::string>& names) {
    return issue({.common_name = "test server", .names = names, .authority = false, .seconds = ten_years}, &authority);
}

std::string pem(const EVP_PKEY& key) {
    const bio_ptr memory(BIO_new(BIO_s_mem()), &BIO_free);
    must(PEM_write_bio_PKCS8PrivateKey(memory.get(), &key, nullptr, nullptr, 0, nullptr, nullptr) == 1, "no key text");
    return text_of(memory.get());
}

std::string pem(const X509& certificate) {
    const bio_ptr memory(BIO_new(BIO_s_mem()), &BIO_free);
    must(PEM_write_bio_X509(memory.get(), &certificate) == 1, "no certificate text");
    return text_of(memory.get());
}

key_ptr key_from_pem(const std::string& text) {
    key_ptr read(PEM_read_bio_PrivateKey(reading(text).get(), nullptr, nullptr, nullptr));
    must(read != nullptr, "not a private key in PEM");
    return read;
}

certificate_ptr certificate_from_pem(const std::string& text) {
    certificate_ptr read(PEM_read_bio_X509(reading(text).get(), nullptr, nullptr, nullptr));
    must(read != nullptr, "not a certificate in PEM");
    return read;
}

void use_identity(SSL_CTX* context, const identity& who) {
    must(SSL_CTX_use_certificate(context, who.certificate.get()) == 1, "certificate refused");
    must(SSL_CTX_use_PrivateKey(context, who.key.get()) == 1, "private key refused");
}

temporary_file::temporary_file(std::string_view text) {
    const int fd = ::mkstemp(path_.data());
    must(fd >= 0, "no temporary file");
    const auto written = ::write(fd, text.data(), text.size());
    ::close(fd);
    must(written == static_cast<ssize_t>(text.size()), "temporary file not written");
}

temporary_file::~temporary_file() { ::unlink(path_.c_str()); }

}  // namespace veil::test
