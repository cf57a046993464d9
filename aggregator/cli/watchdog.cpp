#include "aggregator/cli/watchdog.h"

#include <Poco/Net/NetException.h>
#include <Poco/Net/StreamSocket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <ctime>
#include <string_view>

#include "common/log.h"
#include "common/service_manager.h"

namespace chorus::cli {
namespace {

constexpr Logger kWatchdogLog{"main"};
constexpr std::string_view kRequest =
    "GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

std::string own_address(const std::string& listen) {
    if (listen.empty() || listen == "0.0.0.0") return "127.0.0.1";
    return listen == "::" ? "::1" : listen;
}

}  // namespace

bool answers_itself(const std::string& listen, std::uint16_t port,
                    std::chrono::milliseconds limit) {
    const Poco::Timespan wait{limit.count() * 1'000};
    try {
        Poco::Net::StreamSocket socket;
        socket.connect(Poco::Net::SocketAddress{own_address(listen), port}, wait);
        socket.setReceiveTimeout(wait);
        socket.setSendTimeout(wait);
        socket.sendBytes(kRequest.data(), static_cast<int>(kRequest.size()));
        std::array<char, 16> answer{};
        const int size = socket.receiveBytes(answer.data(), static_cast<int>(answer.size()));
        return size > 0 &&
               std::string_view{answer.data(), static_cast<std::size_t>(size)}.starts_with(
                   "HTTP/1.1 ");
    } catch (const Poco::Exception&) {
        return false;
    }
}

int wait_for_signal_watched(const sigset_t& signals, const std::function<bool()>& alive) {
    const auto period = watchdog_period();
    for (bool told = false;;) {
        int signal = 0;
        if (period) {
            if (alive()) {
                notify_service_manager("WATCHDOG=1");
                told = false;
            } else if (!told) {
                kWatchdogLog.error("The server does not answer its own request");
                told = true;
            }
            const auto seconds = std::chrono::floor<std::chrono::seconds>(*period);
            timespec wait{};
            wait.tv_sec = seconds.count();
            wait.tv_nsec = std::chrono::nanoseconds(*period - seconds).count();
            signal = sigtimedwait(&signals, nullptr, &wait);
        } else {
            signal = sigwaitinfo(&signals, nullptr);
        }
        if (signal > 0) return signal == SIGHUP ? SIGHUP : SIGTERM;
    }
}

}  // namespace chorus::cli
