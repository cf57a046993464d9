#include "tests/unit/net/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <stdexcept>

namespace chorus::net::test {
namespace {

template <auto function>
struct Free {
    template <typename T>
    void operator()(T* pointer) const {
        function(pointer);
    }
};
using Key = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;
using File = std::unique_ptr<FILE, Free<fclose>>;

std::filesystem::path make_directory() {
    std::string path = std::filesystem::temp_directory_path() / "chorus-tls-XXXXXX";
    if (mkdtemp(path.data()) == nullptr) throw std::runtime_error("mkdtemp");
    return path;
}

}  // namespace

Certificate::Certificate(const std::string& subject_alt_name, int begins_in_days, int ends_in_days)
    : directory_(make_directory()) {
    const Key key{EVP_EC_gen("P-256")};
    const X509Ptr certificate{X509_new()};
    X509_set_version(certificate.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    constexpr long day = 24L * 3'600;
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), begins_in_days * day);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), ends_in_days * day);
    X509_set_pubkey(certificate.get(), key.get());
    X509_NAME* name = X509_get_subject_name(certificate.get());
    const std::array<unsigned char, 5> common_name{'t', 'e', 's', 't', 0};
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, common_name.data(), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), name);
    X509_EXTENSION* names =
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, subject_alt_name.c_str());
    X509_add_ext(certificate.get(), names, -1);
    X509_EXTENSION_free(names);
    if (X509_sign(certificate.get(), key.get(), EVP_sha256()) == 0) {
        throw std::runtime_error("X509_sign");
    }
    const File certificate_file{fopen(file().c_str(), "w")};
    PEM_write_X509(certificate_file.get(), certificate.get());
    const File key_file{fopen((directory_ / "key.pem").c_str(), "w")};
    PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

Certificate::~Certificate() {
    std::filesystem::remove_all(directory_);
}

std::function<void(int fd)> Certificate::answering(std::string answer) const {
    std::signal(SIGPIPE, SIG_IGN);  // a client that refuses the certificate hangs up while we write
    const std::shared_ptr<SSL_CTX> context{SSL_CTX_new(TLS_server_method()), SSL_CTX_free};
    SSL_CTX_use_certificate_file(context.get(), file().c_str(), SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(context.get(), (directory_ / "key.pem").c_str(), SSL_FILETYPE_PEM);
    return [context, answer = std::move(answer)](int fd) {
        const std::unique_ptr<SSL, Free<SSL_free>> stream{SSL_new(context.get())};
        SSL_set_fd(stream.get(), fd);
        std::array<char, 4'096> request{};
        if (SSL_accept(stream.get()) != 1 ||
            SSL_read(stream.get(), request.data(), static_cast<int>(request.size())) <= 0) {
            return;
        }
        SSL_write(stream.get(), answer.data(), static_cast<int>(answer.size()));
        SSL_shutdown(stream.get());
    };
}

}  // namespace chorus::net::test
