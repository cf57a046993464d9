#include "agent/status/status_server.h"

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>
#include <chrono>
#include <system_error>
#include <utility>

#include "common/http/url.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kLimit{2'000};
constexpr std::chrono::milliseconds kGlance{200};  // how soon a stop is noticed
constexpr std::size_t kHeadLimit = 4'096;
constexpr int kBacklog = 8;

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

bool ready(int fd, short events, Clock::time_point until) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
    pollfd waiting{.fd = fd, .events = events, .revents = 0};
    return left.count() > 0 && ::poll(&waiting, 1, static_cast<int>(left.count())) == 1;
}

std::string message(int status, const char* reason, std::string_view type, std::string_view body) {
    return "HTTP/1.1 " + std::to_string(status) + ' ' + reason +
           "\r\nContent-Type: " + std::string(type) +
           "\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close"
           "\r\n\r\n" +
           std::string(body);
}

// The value of Host without its port. A page of another site that resolves its name to this
// machine names itself there.
std::string_view host_of(std::string_view head) {
    while (!head.empty()) {
        const auto end = head.find("\r\n");
        const auto line = head.substr(0, end);
        head.remove_prefix(end == std::string_view::npos ? head.size() : end + 2);
        if (line.size() < 5 || to_lower(line.substr(0, 5)) != "host:") continue;
        return host_of_authority(trim(line.substr(5)));
    }
    return {};
}

}  // namespace

StatusServer::StatusServer(std::uint16_t port, Pages pages)
    : pages_(std::move(pages)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    if (!listener_) fail("socket");
    const int on = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(listener_.get(), generic, size) != 0) fail("bind");
    if (::listen(listener_.get(), kBacklog) != 0) fail("listen");
    if (::getsockname(listener_.get(), generic, &size) != 0) fail("getsockname");
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
}

void StatusServer::serve(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        if (!ready(listener_.get(), POLLIN, Clock::now() + kGlance)) continue;
        const FileDescriptor peer(
            ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (peer) answer(peer.get());
    }
}

void StatusServer::answer(int peer) const {
    const auto until = Clock::now() + kLimit;
    std::string head;
    while (head.find("\r\n\r\n") == std::string::npos) {
        char piece[1'024];
        if (head.size() > kHeadLimit || !ready(peer, POLLIN, until)) return;
        const ssize_t n = ::recv(peer, piece, sizeof piece, 0);
        if (n <= 0) return;
        head.append(piece, static_cast<std::size_t>(n));
    }
    const std::string reply = reply_to(head);
    for (std::string_view left = reply; !left.empty();) {
        if (!ready(peer, POLLOUT, until)) return;
        const ssize_t n = ::send(peer, left.data(), left.size(), MSG_NOSIGNAL);
        if (n <= 0) return;
        left.remove_prefix(static_cast<std::size_t>(n));
    }
}

std::string StatusServer::reply_to(std::string_view head) const {
    constexpr std::string_view text = "text/plain; charset=utf-8";
    if (!is_loopback_host(host_of(head))) {
        return message(421, "Misdirected Request", text, "Ask by a loopback address.\n");
    }
    if (!head.starts_with("GET ")) return message(405, "Method Not Allowed", text, "GET only.\n");
    const auto target = head.substr(4, head.find_first_of(" ?\r", 4) - 4);
    const auto page = pages_.find(target);
    if (page == pages_.end()) {
        return message(404, "Not Found", text, "There are /metrics, /status and /health.\n");
    }
    return message(200, "OK", page->second.content_type, page->second.make());
}

}  // namespace chorus::agent
