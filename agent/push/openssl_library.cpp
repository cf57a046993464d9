#include "agent/push/openssl_library.h"

#include <dlfcn.h>

#include <string>

#include "agent/push/connection.h"

namespace chorus::agent {
namespace {

void* open_library(const char* name) {
    void* library = ::dlopen(name, RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) {
        throw ConnectionError(std::string("TLS needs OpenSSL 3 (package libssl3): ") + ::dlerror());
    }
    return library;
}

template <typename Function>
void find(void* library, const char* name, Function& out) {
    void* symbol = ::dlsym(library, name);
    if (symbol == nullptr) throw ConnectionError(std::string("OpenSSL has no ") + name);
    out = reinterpret_cast<Function>(symbol);
}

OpenSsl load() {
    void* ssl = open_library("libssl.so.3");
    void* crypto = open_library("libcrypto.so.3");
    OpenSsl out{};
#define CHORUS_FIND(library, name) find(library, #name, out.name)
    CHORUS_FIND(ssl, TLS_client_method);
    CHORUS_FIND(ssl, SSL_CTX_new);
    CHORUS_FIND(ssl, SSL_CTX_free);
    CHORUS_FIND(ssl, SSL_CTX_ctrl);
    CHORUS_FIND(ssl, SSL_CTX_set_verify);
    CHORUS_FIND(ssl, SSL_CTX_set_default_verify_paths);
    CHORUS_FIND(ssl, SSL_CTX_load_verify_file);
    CHORUS_FIND(ssl, SSL_new);
    CHORUS_FIND(ssl, SSL_free);
    CHORUS_FIND(ssl, SSL_ctrl);
    CHORUS_FIND(ssl, SSL_set_fd);
    CHORUS_FIND(ssl, SSL_set1_host);
    CHORUS_FIND(ssl, SSL_get0_param);
    CHORUS_FIND(ssl, SSL_connect);
    CHORUS_FIND(ssl, SSL_read_ex);
    CHORUS_FIND(ssl, SSL_write_ex);
    CHORUS_FIND(ssl, SSL_get_error);
    CHORUS_FIND(ssl, SSL_get_verify_result);
    CHORUS_FIND(crypto, X509_VERIFY_PARAM_set1_ip_asc);
    CHORUS_FIND(crypto, X509_verify_cert_error_string);
    CHORUS_FIND(crypto, ERR_clear_error);
    CHORUS_FIND(crypto, ERR_get_error);
    CHORUS_FIND(crypto, ERR_reason_error_string);
#undef CHORUS_FIND
    return out;
}

}  // namespace

const OpenSsl& OpenSsl::get() {
    static const OpenSsl library = load();
    return library;
}

}  // namespace chorus::agent
