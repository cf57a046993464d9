#include "aggregator/net/resolver.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <array>

#include "tests/unit/net/target.h"

namespace chorus::net {
namespace {

std::string text_of(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.get().sa_family == AF_INET) {
        const auto& v4 = reinterpret_cast<const sockaddr_in&>(address.storage);
        inet_ntop(AF_INET, &v4.sin_addr, text.data(), text.size());
        return text.data() + (':' + std::to_string(ntohs(v4.sin_port)));
    }
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
    inet_ntop(AF_INET6, &v6.sin6_addr, text.data(), text.size());
    return text.data() + ('|' + std::to_string(ntohs(v6.sin6_port)));
}

TEST(Resolver, AnAddressIsAnsweredAtOnceAndNoNameServerHearsOfIt) {
    // One that lies, or is far away and slow.
    const test::NameServer names{{{"127.0.0.1", {"169.254.169.254"}}}};
    Resolver resolver{names.address()};
    std::string seen;
    const auto note = [&](const std::vector<Address>& addresses, const std::string& error) {
        EXPECT_EQ(error, "");
        for (const auto& address : addresses) seen += text_of(address) + ' ';
    };
    resolver.look_up("127.0.0.1", 80, note);
    resolver.look_up("::1", 443, note);
    EXPECT_EQ(seen, "127.0.0.1:80 ::1|443 ");
    EXPECT_EQ(resolver.pending(), 0U);
    EXPECT_EQ(names.queries("127.0.0.1"), 0);
}

}  // namespace
}  // namespace chorus::net
