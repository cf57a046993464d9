#include "agent/procfs/tcp_states.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "agent/procfs/support/file_descriptor.h"
#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

// include/net/tcp_states.h, which is not part of the kernel's public headers.
constexpr unsigned kEstablished = 1, kSynRecv = 3, kTimeWait = 6, kCloseWait = 8, kListen = 10;
constexpr unsigned kWanted =
    1U << kEstablished | 1U << kSynRecv | 1U << kTimeWait | 1U << kCloseWait | 1U << kListen;
constexpr std::uint64_t kMostSockets = 10'000'000;

struct Request {
    nlmsghdr head;
    inet_diag_req_v2 body;
};

bool send_request(int fd, unsigned char family) {
    Request request{};
    request.head = {.nlmsg_len = sizeof request,
                    .nlmsg_type = SOCK_DIAG_BY_FAMILY,
                    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
                    .nlmsg_seq = family,
                    .nlmsg_pid = 0};
    request.body.sdiag_family = family;
    request.body.sdiag_protocol = IPPROTO_TCP;
    request.body.idiag_states = kWanted;
    return ::send(fd, &request, sizeof request, 0) == static_cast<ssize_t>(sizeof request);
}

enum class Progress { more, done, failed };

Progress count_messages(const char* at, std::size_t size, TcpStates& states, std::uint64_t& seen) {
    while (size >= sizeof(nlmsghdr)) {
        nlmsghdr head;
        std::memcpy(&head, at, sizeof head);
        if (head.nlmsg_len < sizeof head || head.nlmsg_len > size) return Progress::failed;
        if (head.nlmsg_type == NLMSG_DONE) return Progress::done;
        if (head.nlmsg_type == NLMSG_ERROR || ++seen > kMostSockets) return Progress::failed;
        inet_diag_msg message;
        if (head.nlmsg_len < NLMSG_HDRLEN + sizeof message) return Progress::failed;
        std::memcpy(&message, at + NLMSG_HDRLEN, sizeof message);
        states.count(message.idiag_state);
        const std::size_t step = NLMSG_ALIGN(head.nlmsg_len);
        if (step >= size) return Progress::more;
        at += step;
        size -= step;
    }
    return Progress::more;
}

bool dump(int fd, unsigned char family, TcpStates& states) {
    if (!send_request(fd, family)) return false;
    std::array<char, 32'768> buffer;
    std::uint64_t seen = 0;
    for (;;) {
        const ssize_t n = ::recv(fd, buffer.data(), buffer.size(), 0);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        const auto progress =
            count_messages(buffer.data(), static_cast<std::size_t>(n), states, seen);
        if (progress != Progress::more) return progress == Progress::done;
    }
}

}  // namespace

void TcpStates::count(unsigned state) {
    switch (state) {
        case kEstablished:
            ++established;
            break;
        case kSynRecv:
            ++syn_recv;
            break;
        case kTimeWait:
            ++time_wait;
            break;
        case kCloseWait:
            ++close_wait;
            break;
        case kListen:
            ++listen;
            break;
        default:
            break;
    }
}

void add_tcp_lines(std::string_view text, TcpStates& states) {
    next_line(text);  // headings
    while (auto line = next_line(text)) {
        next_word(*line);  // number
        next_word(*line);  // local address
        next_word(*line);  // remote address
        const auto word = next_word(*line);
        unsigned state = 0;
        const auto [end, error] =
            std::from_chars(word.data(), word.data() + word.size(), state, 16);
        if (error == std::errc{} && end == word.data() + word.size()) states.count(state);
    }
}

std::optional<TcpStates> ask_tcp_states() {
    const FileDescriptor fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
    if (!fd) return std::nullopt;
    const timeval timeout{.tv_sec = 1, .tv_usec = 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    TcpStates states;
    // A host without IPv6 answers with an empty list.
    if (!dump(fd.get(), AF_INET, states) || !dump(fd.get(), AF_INET6, states)) return std::nullopt;
    return states;
}

}  // namespace chorus::agent
