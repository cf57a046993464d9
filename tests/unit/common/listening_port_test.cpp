#include "common/settings/listening_port.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

namespace chorus {
namespace {

using testing::AllOf;
using testing::HasSubstr;

// A socket of this process on a free port of loopback.
class Listener {
  public:
    explicit Listener(bool listening) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        EXPECT_EQ(::bind(fd_, generic, size), 0);
        if (listening) {
            EXPECT_EQ(::listen(fd_, 1), 0);
        }
        EXPECT_EQ(::getsockname(fd_, generic, &size), 0);
        port_ = ntohs(address.sin_port);
    }
    ~Listener() { ::close(fd_); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    std::uint16_t port() const { return port_; }

  private:
    int fd_;
    std::uint16_t port_ = 0;
};

const std::string kUs = "(process " + std::to_string(::getpid()) + ")";

TEST(ListenerOf, NamesTheProgramAndItsProcess) {
    const Listener listener{true};
    const auto who = listener_of(listener.port());
    ASSERT_TRUE(who);
    EXPECT_THAT(*who, AllOf(HasSubstr("unit_common"), HasSubstr(kUs)));
}

TEST(ListenerOf, NobodyIsSaidToListenWhoDoesNot) {
    const Listener bound{false};
    EXPECT_EQ(listener_of(bound.port()), std::nullopt);
}

TEST(CannotListen, SaysWhatIsWrongAndWhatToDo) {
    const Listener listener{true};
    const std::string number = std::to_string(listener.port());
    EXPECT_THAT(cannot_listen("127.0.0.1", listener.port(), EADDRINUSE, "--port"),
                AllOf(HasSubstr("port " + number + " is in use by"), HasSubstr(kUs),
                      HasSubstr("another one with --port")));
    EXPECT_THAT(cannot_listen("127.0.0.1", 80, EACCES, "--port"),
                AllOf(HasSubstr("port 80 is for root alone"), HasSubstr("--port")));
    EXPECT_THAT(cannot_listen("192.0.2.7", 80, EADDRNOTAVAIL, "--port"),
                HasSubstr("has the address 192.0.2.7"));
    EXPECT_THAT(cannot_listen("127.0.0.1", 80, ENOBUFS, "--port"),
                HasSubstr("No buffer space available"));
}

}  // namespace
}  // namespace chorus
