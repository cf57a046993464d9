#include "aggregator/api/access/token.h"

#include <openssl/evp.h>
#include <sys/random.h>
#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <system_error>

#include "common/text.h"

namespace chorus::api {
namespace {

constexpr std::size_t kSecretCharacters = 43;  // 32 bytes in base64 without padding
constexpr std::size_t kChecksumCharacters = 8;

std::string base64url(const std::array<unsigned char, 32>& bytes) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    std::string text;
    std::uint32_t buffer = 0;
    int bits = 0;
    for (const unsigned char byte : bytes) {
        buffer = (buffer << 8U) | byte;
        bits += 8;
        while (bits >= 6) {
            bits -= 6;
            text += alphabet[(buffer >> static_cast<unsigned>(bits)) & 63U];
        }
    }
    if (bits > 0) text += alphabet[(buffer << static_cast<unsigned>(6 - bits)) & 63U];
    return text;
}

std::string checksum(std::string_view text) {
    const auto crc = crc32_z(0, reinterpret_cast<const unsigned char*>(text.data()), text.size());
    std::array<char, 16> hex{};
    std::snprintf(hex.data(), hex.size(), "%08lx", crc);
    return hex.data();
}

}  // namespace

std::string make_token(std::string_view kind) {
    std::array<unsigned char, 32> secret{};
    if (getrandom(secret.data(), secret.size(), 0) != static_cast<ssize_t>(secret.size())) {
        throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    std::string token = "chr_";
    token += kind;
    token += '_';
    token += base64url(secret);
    return token + '_' + checksum(token);
}

bool is_well_formed_token(std::string_view token) {
    if (!token.starts_with("chr_") || token.size() > 80) return false;
    const std::size_t tail = kSecretCharacters + 1 + kChecksumCharacters;
    if (token.size() < tail + 6) return false;
    const std::size_t crc_at = token.size() - kChecksumCharacters;
    return token[crc_at - 1] == '_' && token[token.size() - tail - 1] == '_' &&
           token.substr(crc_at) == checksum(token.substr(0, crc_at - 1));
}

std::string hash_token(std::string_view token) {
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned length = 0;
    if (EVP_Digest(token.data(), token.size(), reinterpret_cast<unsigned char*>(digest.data()),
                   &length, EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("SHA-256 is not available in this OpenSSL");
    }
    digest.resize(length);
    return digest;
}

}  // namespace chorus::api
