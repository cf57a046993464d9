// A server that hangs up on a session that was just made.
#include "aggregator/postgres/session.h"

#include <gtest/gtest.h>
#include <malloc.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <thread>

#include "aggregator/postgres/database_error.h"

namespace chorus::store {
namespace {

// Lets everybody in as PostgreSQL does, and hangs up at the first statement.
class ServerThatHangsUp {
  public:
    ServerThatHangsUp() {
        std::string pattern = testing::TempDir() + "chorus-XXXXXX";
        folder_ = mkdtemp(pattern.data());
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        (folder_ + "/.s.PGSQL.5432").copy(address.sun_path, sizeof address.sun_path - 1);
        listener_ = socket(AF_UNIX, SOCK_STREAM, 0);
        EXPECT_EQ(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        EXPECT_EQ(listen(listener_, 8), 0);
        thread_ = std::thread([this] { serve(); });
    }
    ~ServerThatHangsUp() {
        shutdown(listener_, SHUT_RDWR);
        thread_.join();
        close(listener_);
        std::filesystem::remove_all(folder_);
    }
    ServerThatHangsUp(const ServerThatHangsUp&) = delete;
    ServerThatHangsUp& operator=(const ServerThatHangsUp&) = delete;

    std::string connection() const {
        return "host=" + folder_ + " port=5432 user=u dbname=d sslmode=disable";
    }

  private:
    void serve() const {
        using namespace std::string_view_literals;
        // AuthenticationOk, ReadyForQuery (idle).
        constexpr auto kWelcome = "R\0\0\0\x08\0\0\0\0Z\0\0\0\x05I"sv;
        std::array<char, 4096> bytes{};
        for (int client = 0; (client = accept(listener_, nullptr, nullptr)) >= 0; close(client)) {
            if (read(client, bytes.data(), bytes.size()) <= 0) continue;
            if (write(client, kWelcome.data(), kWelcome.size()) < 0) continue;
            if (read(client, bytes.data(), bytes.size()) < 0) continue;
        }
    }

    std::string folder_;
    int listener_ = -1;
    std::thread thread_;
};

void expect_lost(const std::string& connection, int times) {
    for (int i = 0; i < times; ++i) {
        EXPECT_THROW(Session({.connection = connection, .application_name = "test"}),
                     DatabaseUnavailable);
    }
}

// With AddressSanitizer mallinfo2() knows nothing.
TEST(Session, OneThatIsLostAtOnceKeepsNoMemory) {
    const ServerThatHangsUp server;
    expect_lost(server.connection(), 20);
    const auto before = mallinfo2().uordblks;
    expect_lost(server.connection(), 100);
    EXPECT_LT(mallinfo2().uordblks, before + 100 * 1024) << "a connection takes 36 KiB";
}

}  // namespace
}  // namespace chorus::store
