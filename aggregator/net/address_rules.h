// Which addresses a check may connect to.
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

namespace chorus::net {

// An IPv4 or IPv6 address. IPv4 has the mapped form of RFC 4291 (::ffff:a.b.c.d).
using AddressBytes = std::array<std::uint8_t, 16>;

struct AddressBlock {
    AddressBytes address{};
    int prefix_bits = 128;
    bool contains(const AddressBytes& other) const;
};

// Targets come from the configuration and are trusted. Only addresses are refused that no service
// has and attackers want: link-local with the clouds' metadata services (169.254.0.0/16, fe80::/10,
// fd00:ec2::254), 0.0.0.0/8, ::, multicast and broadcast. They are also refused when they are
// wrapped in IPv6 (mapped, NAT64, 6to4). An operator can permit addresses by an allow list.
class AddressRules {
  public:
    // Comma-separated addresses and networks, "169.254.169.254, fe80::/10". Throws
    // std::invalid_argument naming the entry.
    explicit AddressRules(std::string_view allowed = "");

    bool permits(const sockaddr& address) const;

  private:
    std::vector<AddressBlock> allowed_;
};

// "10.0.0.0/8", "::1". Throws std::invalid_argument.
AddressBlock parse_address_block(std::string_view text);

}  // namespace chorus::net
