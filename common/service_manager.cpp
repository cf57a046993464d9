#include "common/service_manager.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace chorus {
namespace {

std::optional<std::int64_t> number_in(const char* name) {
    const char* const text = std::getenv(name);
    if (text == nullptr) return std::nullopt;
    const std::string_view view(text);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), number);
    if (error != std::errc{} || end != view.data() + view.size()) return std::nullopt;
    return number;
}

}  // namespace

void notify_service_manager(const std::string& state) {
    const char* const path = std::getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    // '@' stands for the zero byte of an abstract address.
    if (path == nullptr || (path[0] != '/' && path[0] != '@') ||
        std::strlen(path) >= sizeof address.sun_path) {
        return;
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path, std::strlen(path));
    if (path[0] == '@') address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + std::strlen(path));
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return;
    ::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
             reinterpret_cast<const sockaddr*>(&address), size);
    ::close(fd);
}

std::optional<std::chrono::microseconds> watchdog_period() {
    const auto allowed = number_in("WATCHDOG_USEC");
    const auto pid = number_in("WATCHDOG_PID");
    if (!allowed || *allowed <= 0 || (pid && *pid != ::getpid())) return std::nullopt;
    return std::chrono::microseconds{*allowed / 2};
}

}  // namespace chorus
