#include "tests/unit/net/target.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <stdexcept>

namespace chorus::net::test {
namespace {

int bound(int type, std::uint16_t& port) {
    const int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    if (fd < 0 || bind(fd, generic, size) != 0 || getsockname(fd, generic, &size) != 0) {
        throw std::runtime_error("no port for a test server");
    }
    port = ntohs(address.sin_port);
    return fd;
}

bool readable(int fd) {
    pollfd one{fd, POLLIN, 0};
    return poll(&one, 1, 50) > 0;
}

}  // namespace

Target::Target(std::function<void(int fd)> serve)
    : serve_(std::move(serve)), listener_(bound(SOCK_STREAM, port_)) {
    if (listen(listener_, 512) != 0) throw std::runtime_error("listen");
    if (serve_) thread_ = std::thread([this] { loop(); });
}

Target::~Target() {
    ending_ = true;
    if (thread_.joinable()) thread_.join();
    {
        const std::lock_guard lock(mutex_);
        for (const int fd : open_) shutdown(fd, SHUT_RDWR);
    }
    for (auto& worker : workers_) worker.join();
    close(listener_);
}

void Target::loop() {
    while (!ending_) {
        if (!readable(listener_)) continue;
        const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (fd < 0) continue;
        ++connections_;
        const std::lock_guard lock(mutex_);
        open_.push_back(fd);
        workers_.emplace_back([this, fd] {
            serve_(fd);
            const std::lock_guard inner(mutex_);
            std::erase(open_, fd);
            close(fd);
        });
    }
}

std::string read_request(int fd) {
    std::string request;
    std::array<char, 4'096> buffer{};
    while (request.find("\r\n\r\n") == std::string::npos) {
        const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
        if (n <= 0) break;
        request.append(buffer.data(), static_cast<std::size_t>(n));
    }
    return request;
}

void send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (n <= 0) return;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
}

void wait_for_close(int fd) {
    char byte = 0;
    while (recv(fd, &byte, 1, 0) > 0) {
    }
}

std::function<void(int fd)> answering(std::string answer) {
    return [answer = std::move(answer)](int fd) {
        read_request(fd);
        send_all(fd, answer);
    };
}

std::uint16_t unused_port() {
    std::uint16_t port = 0;
    close(bound(SOCK_STREAM, port));
    return port;
}

NameServer::NameServer(std::map<std::string, std::vector<std::string>> names)
    : names_(std::move(names)), socket_(bound(SOCK_DGRAM, port_)) {
    thread_ = std::thread([this] { loop(); });
}

NameServer::~NameServer() {
    ending_ = true;
    thread_.join();
    close(socket_);
}

std::string NameServer::address() const {
    return "127.0.0.1:" + std::to_string(port_);
}

int NameServer::queries(const std::string& name) const {
    const std::lock_guard lock(mutex_);
    const auto found = queries_.find(name);
    return found == queries_.end() ? 0 : found->second;
}

// RFC 1035 section 4: a header of 12 bytes, the question, one answer that points back at its name.
void NameServer::loop() {
    while (!ending_) {
        if (!readable(socket_)) continue;
        std::array<char, 512> buffer{};
        sockaddr_in peer{};
        socklen_t peer_size = sizeof peer;
        const ssize_t n = recvfrom(socket_, buffer.data(), buffer.size(), 0,
                                   reinterpret_cast<sockaddr*>(&peer), &peer_size);
        if (n < 17) continue;
        std::string name;
        std::size_t at = 12;
        while (buffer.at(at) != 0) {
            const auto length = static_cast<std::size_t>(buffer.at(at));
            if (!name.empty()) name += '.';
            name.append(&buffer.at(at + 1), length);
            at += length + 1;
        }
        std::transform(name.begin(), name.end(), name.begin(), ::tolower);
        const bool ipv4 = buffer.at(at + 2) == 1;  // type A
        const auto known = names_.find(name);
        if (known == names_.end()) continue;
        std::string answer(buffer.data(), at + 5);
        answer[2] = static_cast<char>(0x81);  // answer, recursion desired
        answer[3] = static_cast<char>(0x80);  // recursion available, no error
        std::fill(answer.begin() + 6, answer.begin() + 12, '\0');
        if (ipv4) {
            std::size_t turn = 0;
            {
                const std::lock_guard lock(mutex_);
                turn = static_cast<std::size_t>(queries_[name]++);
            }
            in_addr address{};
            inet_pton(AF_INET, known->second[std::min(turn, known->second.size() - 1)].c_str(),
                      &address);
            answer[7] = 1;
            answer.append("\xC0\x0C\0\1\0\1\0\0\0\0\0\4", 12);
            answer.append(reinterpret_cast<const char*>(&address), 4);
        }
        sendto(socket_, answer.data(), answer.size(), 0, reinterpret_cast<sockaddr*>(&peer),
               peer_size);
    }
}

}  // namespace chorus::net::test
