#include "aggregator/net/address_rules.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>
#include <string>

#include "common/text.h"

namespace chorus::net {
namespace {

constexpr int kMappedBits = 96;

AddressBytes mapped(const void* ipv4) {
    AddressBytes bytes{};
    bytes[10] = bytes[11] = 0xFF;
    std::memcpy(&bytes[12], ipv4, 4);
    return bytes;
}

// Addresses within IPv6 that a translator turns into the IPv4 address at this offset.
struct Wrapping {
    AddressBlock network;
    std::size_t offset;
};

const std::vector<Wrapping>& wrappings() {
    static const std::vector<Wrapping> all{
        {parse_address_block("64:ff9b::/96"), 12},  // NAT64, RFC 6052
        {parse_address_block("2002::/16"), 2},      // 6to4, RFC 3056
        {parse_address_block("::/96"), 12},         // IPv4-compatible, RFC 4291 2.5.5.1
    };
    return all;
}

const std::vector<AddressBlock>& blocked() {
    static const std::vector<AddressBlock> all = [] {
        std::vector<AddressBlock> networks;
        for (const char* text : {"169.254.0.0/16", "0.0.0.0/8", "224.0.0.0/4", "255.255.255.255",
                                 "fe80::/10", "ff00::/8", "fd00:ec2::254", "::"}) {
            networks.push_back(parse_address_block(text));
        }
        return networks;
    }();
    return all;
}

bool in_any(const std::vector<AddressBlock>& networks, const AddressBytes& address) {
    return std::any_of(networks.begin(), networks.end(),
                       [&](const AddressBlock& n) { return n.contains(address); });
}

}  // namespace

bool AddressBlock::contains(const AddressBytes& other) const {
    const auto whole = static_cast<std::size_t>(prefix_bits / 8);
    if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole),
                    other.begin())) {
        return false;
    }
    const int rest = prefix_bits % 8;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xFFU << static_cast<unsigned>(8 - rest));
    return (address[whole] & mask) == (other[whole] & mask);
}

AddressBlock parse_address_block(std::string_view text) {
    const auto slash = text.find('/');
    const std::string address{text.substr(0, slash)};
    AddressBlock network;
    in_addr ipv4{};
    int most_bits = 128, offset = 0;
    if (inet_pton(AF_INET, address.c_str(), &ipv4) == 1) {
        network.address = mapped(&ipv4);
        most_bits = 32;
        offset = kMappedBits;
    } else if (inet_pton(AF_INET6, address.c_str(), network.address.data()) != 1) {
        throw std::invalid_argument("'" + std::string(text) + "' is no IP address or network");
    }
    int bits = most_bits;
    if (slash != std::string_view::npos) {
        const auto number = text.substr(slash + 1);
        const auto [end, error] =
            std::from_chars(number.data(), number.data() + number.size(), bits);
        if (error != std::errc{} || end != number.data() + number.size() || bits < 0 ||
            bits > most_bits) {
            throw std::invalid_argument("'" + std::string(text) + "' has no valid prefix length");
        }
    }
    network.prefix_bits = offset + bits;
    return network;
}

AddressRules::AddressRules(std::string_view allowed) {
    for (const auto part : split(allowed, ',')) {
        if (!trim(part).empty()) allowed_.push_back(parse_address_block(trim(part)));
    }
}

bool AddressRules::permits(const sockaddr& address) const {
    AddressBytes bytes{};
    if (address.sa_family == AF_INET) {
        sockaddr_in ipv4{};
        std::memcpy(&ipv4, &address, sizeof ipv4);
        bytes = mapped(&ipv4.sin_addr);
    } else if (address.sa_family == AF_INET6) {
        sockaddr_in6 ipv6{};
        std::memcpy(&ipv6, &address, sizeof ipv6);
        std::memcpy(bytes.data(), &ipv6.sin6_addr, bytes.size());
    } else {
        return false;
    }
    if (in_any(allowed_, bytes)) return true;
    if (in_any(blocked(), bytes)) return false;
    AddressBytes loopback{};
    loopback.back() = 1;
    if (bytes == loopback) return true;  // lies in ::/96 without being wrapped
    return std::none_of(wrappings().begin(), wrappings().end(), [&](const Wrapping& w) {
        return w.network.contains(bytes) && in_any(blocked(), mapped(&bytes[w.offset]));
    });
}

}  // namespace chorus::net
