// OpenSSL 3, loaded for the first encrypted connection. An agent without such connections does not
// carry its memory.
#pragma once

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace chorus::agent {

// The functions that the agent calls, by their own names: ssl(7).
struct OpenSsl {
    decltype(&::TLS_client_method) TLS_client_method;
    decltype(&::SSL_CTX_new) SSL_CTX_new;
    decltype(&::SSL_CTX_free) SSL_CTX_free;
    decltype(&::SSL_CTX_ctrl) SSL_CTX_ctrl;
    decltype(&::SSL_CTX_set_verify) SSL_CTX_set_verify;
    decltype(&::SSL_CTX_set_default_verify_paths) SSL_CTX_set_default_verify_paths;
    decltype(&::SSL_CTX_load_verify_file) SSL_CTX_load_verify_file;
    decltype(&::SSL_new) SSL_new;
    decltype(&::SSL_free) SSL_free;
    decltype(&::SSL_ctrl) SSL_ctrl;
    decltype(&::SSL_set_fd) SSL_set_fd;
    decltype(&::SSL_set1_host) SSL_set1_host;
    decltype(&::SSL_get0_param) SSL_get0_param;
    decltype(&::SSL_connect) SSL_connect;
    decltype(&::SSL_read_ex) SSL_read_ex;
    decltype(&::SSL_write_ex) SSL_write_ex;
    decltype(&::SSL_get_error) SSL_get_error;
    decltype(&::SSL_get_verify_result) SSL_get_verify_result;
    decltype(&::X509_VERIFY_PARAM_set1_ip_asc) X509_VERIFY_PARAM_set1_ip_asc;
    decltype(&::X509_verify_cert_error_string) X509_verify_cert_error_string;
    decltype(&::ERR_clear_error) ERR_clear_error;
    decltype(&::ERR_get_error) ERR_get_error;
    decltype(&::ERR_reason_error_string) ERR_reason_error_string;

    // Loads it at the first call; throws ConnectionError if it is not installed. Never unloaded.
    static const OpenSsl& get();
};

}  // namespace chorus::agent
