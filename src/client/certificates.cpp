#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <ctime>
#include <memory>
#include <veil/client/certificates.hpp>

namespace veil::client {

std::optional<std::int64_t> expiry_of(const X509* certificate) {
    std::tm utc{};
    if (certificate == nullptr || ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &utc) != 1) return std::nullopt;
    return ::timegm(&utc);
}

std::optional<std::int64_t> expiry_of_file(const std::string& path) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> file(BIO_new_file(path.c_str(), "r"), &BIO_free);
    std::optional<std::int64_t> earliest;
    while (file) {
        const std::unique_ptr<X509, decltype(&X509_free)> next(PEM_read_bio_X509(file.get(), nullptr, nullptr, nullptr),
                                                               &X509_free);
        if (!next) break;
        const auto end = expiry_of(next.get());
        if (end) earliest = std::min(earliest.value_or(*end), *end);
    }
    ERR_clear_error();  // the end of the file is one, and would be the next caller's
    return earliest;
}

}  // namespace veil::client
