#include "aggregator/net/address_rules.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstring>
#include <stdexcept>
#include <string>

namespace chorus::net {
namespace {

bool permits(const AddressRules& rules, const std::string& text) {
    sockaddr_storage storage{};
    in_addr ipv4{};
    in6_addr ipv6{};
    if (inet_pton(AF_INET, text.c_str(), &ipv4) == 1) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr = ipv4;
        std::memcpy(&storage, &address, sizeof address);
    } else if (inet_pton(AF_INET6, text.c_str(), &ipv6) == 1) {
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_addr = ipv6;
        std::memcpy(&storage, &address, sizeof address);
    } else {
        ADD_FAILURE() << text << " is no address";
    }
    return rules.permits(reinterpret_cast<const sockaddr&>(storage));
}

TEST(AddressRules, TrustedTargetsMayBeAnywhereBesideTheBlockedRanges) {
    const AddressRules rules;
    for (const char* text :
         {"127.0.0.1", "10.0.0.1", "192.168.1.1", "172.16.0.9", "8.8.8.8", "223.255.255.255",
          "169.253.255.255", "169.255.0.0", "1.0.0.0", "::1", "fd00::1", "2001:db8::1",
          "::ffff:127.0.0.1", "64:ff9b::808:808", "fec0::1", "fd00:ec2::253"}) {
        EXPECT_TRUE(permits(rules, text)) << text;
    }
}

TEST(AddressRules, LinkLocalMetadataMulticastAndUnspecifiedAreBlocked) {
    const AddressRules rules;
    for (const char* text :
         {"169.254.169.254", "169.254.0.0", "169.254.255.255", "0.0.0.0", "0.1.2.3", "224.0.0.1",
          "239.255.255.250", "255.255.255.255", "::", "fe80::1", "febf::1", "ff02::1",
          "fd00:ec2::254", "::ffff:169.254.169.254", "::ffff:0.0.0.0", "::ffff:224.0.0.1",
          "64:ff9b::169.254.169.254", "2002:a9fe:a9fe::1", "::169.254.169.254"}) {
        EXPECT_FALSE(permits(rules, text)) << text;
    }
}

TEST(AddressRules, AnAllowListOpensWhatItNamesAndNothingElse) {
    const AddressRules rules{" 169.254.169.254, fe80::/10 "};
    EXPECT_TRUE(permits(rules, "169.254.169.254"));
    EXPECT_TRUE(permits(rules, "::ffff:169.254.169.254"));
    EXPECT_TRUE(permits(rules, "fe80::7"));
    EXPECT_FALSE(permits(rules, "169.254.169.253"));
    EXPECT_FALSE(permits(rules, "ff02::1"));
}

TEST(AddressRules, AnAllowListThatIsWrongNamesTheEntry) {
    for (const char* text :
         {"localhost", "10.0.0.0/33", "10.0.0.0/", "1.2.3", "fe80::/-1", "::1/x"}) {
        try {
            AddressRules{std::string("10.0.0.1,") + text};
            ADD_FAILURE() << text << " was accepted";
        } catch (const std::invalid_argument& e) {
            EXPECT_NE(std::string(e.what()).find(text), std::string::npos) << e.what();
        }
    }
}

}  // namespace
}  // namespace chorus::net
