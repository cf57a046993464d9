#include "aggregator/postgres/sha256.h"

#include <openssl/evp.h>

#include <stdexcept>

namespace chorus::store {

std::string sha256(std::string_view data) {
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    if (EVP_Digest(data.data(), data.size(), digest, &length, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("OpenSSL has no SHA-256");
    }
    std::string bytes;
    for (unsigned int i = 0; i < length; ++i) bytes.push_back(static_cast<char>(digest[i]));
    return bytes;
}

}  // namespace chorus::store
