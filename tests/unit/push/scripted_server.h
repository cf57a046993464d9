// An HTTP server that answers as a test says, also badly.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "agent/procfs/support/file_descriptor.h"

namespace chorus::agent {

// One request as it arrived.
struct Seen {
    std::string head;  // up to and with the empty line, in lower case
    std::string body;
    int connection = 0;
};

// Reads requests and answers each with the bytes that `reply` gives; an empty reply closes the
// connection, as does `close_after` once it was sent.
class ScriptedServer {
  public:
    struct Reply {
        std::string bytes;
        bool close_after = false;
        bool then_stall = false;  // keeps the connection open and says nothing more
    };
    using Behaviour = std::function<Reply(const Seen&)>;

    explicit ScriptedServer(Behaviour behaviour)
        : behaviour_(std::move(behaviour)),
          listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (::bind(listener_.get(), generic, size) != 0 || ::listen(listener_.get(), 8) != 0 ||
            ::getsockname(listener_.get(), generic, &size) != 0) {
            throw std::runtime_error("no test server");
        }
        port_ = ntohs(address.sin_port);
        thread_ = std::jthread([this](std::stop_token stop) { serve(stop); });
    }

    std::uint16_t port() const { return port_; }
    std::vector<Seen> seen() const {
        const std::lock_guard lock(mutex_);
        return seen_;
    }

  private:
    static bool readable(int fd) {
        pollfd waiting{.fd = fd, .events = POLLIN, .revents = 0};
        return ::poll(&waiting, 1, 20) == 1;
    }

    void serve(std::stop_token stop) {
        for (int connection = 1; !stop.stop_requested();) {
            if (!readable(listener_.get())) continue;
            const FileDescriptor peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (peer) talk(peer.get(), connection++, stop);
        }
    }

    void talk(int peer, int connection, const std::stop_token& stop) {
        std::string input;
        while (!stop.stop_requested()) {
            auto seen = take_request(input);
            if (!seen) {
                if (!readable(peer)) continue;
                char chunk[4096];
                const auto n = ::recv(peer, chunk, sizeof chunk, 0);
                if (n <= 0) return;
                input.append(chunk, static_cast<std::size_t>(n));
                continue;
            }
            seen->connection = connection;
            {
                const std::lock_guard lock(mutex_);
                seen_.push_back(*seen);
            }
            const Reply reply = behaviour_(*seen);
            ::send(peer, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
            while (reply.then_stall && !stop.stop_requested() && !closed(peer)) {
            }
            if (reply.close_after || reply.bytes.empty() || reply.then_stall) return;
        }
    }

    static bool closed(int peer) {
        char byte = 0;
        return readable(peer) && ::recv(peer, &byte, 1, MSG_PEEK) <= 0;
    }

    static std::optional<Seen> take_request(std::string& input) {
        const auto end = input.find("\r\n\r\n");
        if (end == std::string::npos) return std::nullopt;
        Seen seen{.head = input.substr(0, end + 4), .body = {}, .connection = 0};
        std::transform(seen.head.begin(), seen.head.end(), seen.head.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
        const auto at = seen.head.find("content-length: ");
        const std::size_t length =
            at == std::string::npos ? 0 : std::stoul(seen.head.substr(at + 16));
        if (input.size() < end + 4 + length) return std::nullopt;
        seen.body = input.substr(end + 4, length);
        input.erase(0, end + 4 + length);
        return seen;
    }

    Behaviour behaviour_;
    FileDescriptor listener_;
    std::uint16_t port_ = 0;
    mutable std::mutex mutex_;  // protects seen_
    std::vector<Seen> seen_;
    std::jthread thread_;  // last: it uses what is above
};

inline std::string response(int status, const std::string& body, const std::string& more = "") {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Type: application/json\r\n" +
           "Content-Length: " + std::to_string(body.size()) + "\r\n" + more + "\r\n" + body;
}

}  // namespace chorus::agent
