#include "raw_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>

#include "common/text.h"

namespace chorus::http::test {
namespace {

constexpr int kWaitMilliseconds = 10'000;

}  // namespace

std::string Answer::header(std::string_view name) const {
    std::string all;
    for (const auto& [key, value] : headers) {
        if (key == name) all += (all.empty() ? "" : ", ") + value;
    }
    return all;
}

bool Answer::has(std::string_view name) const {
    for (const auto& header : headers) {
        if (header.first == name) return true;
    }
    return false;
}

std::string Answer::code() const {
    const std::string key = "\"code\":\"";
    const auto at = body.find(key);
    if (at == std::string::npos) return {};
    return body.substr(at + key.size(), body.find('"', at + key.size()) - at - key.size());
}

RawClient::RawClient(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int result = ::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address);
    EXPECT_EQ(result, 0) << "cannot connect to port " << port << ": errno " << errno;
}

RawClient::~RawClient() {
    close();
}

RawClient::RawClient(RawClient&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), buffer_(std::move(other.buffer_)) {}

void RawClient::close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

RawClient& RawClient::send(std::string_view bytes) {
    EXPECT_TRUE(try_send(bytes, kWaitMilliseconds)) << "the server took not all bytes";
    return *this;
}

bool RawClient::try_send(std::string_view bytes, int milliseconds) {
    while (!bytes.empty()) {
        const ssize_t n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0) {
            bytes.remove_prefix(static_cast<std::size_t>(n));
            continue;
        }
        if (errno != EAGAIN && errno != EINTR) return false;
        pollfd entry{fd_, POLLOUT, 0};
        if (::poll(&entry, 1, milliseconds) <= 0) return false;
    }
    return true;
}

void RawClient::finish_sending() {
    ::shutdown(fd_, SHUT_WR);
}

void RawClient::read_little() {
    const int bytes = 4'096;
    EXPECT_EQ(::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes), 0);
}

bool RawClient::readable() {
    pollfd entry{fd_, POLLIN, 0};
    return !buffer_.empty() || ::poll(&entry, 1, 0) > 0;
}

int RawClient::fill() {
    std::array<char, 65'536> piece{};
    pollfd entry{fd_, POLLIN, 0};
    if (::poll(&entry, 1, kWaitMilliseconds) <= 0) {
        ADD_FAILURE() << "nothing came from the server in time";
        return -1;
    }
    const ssize_t n = ::recv(fd_, piece.data(), piece.size(), 0);
    if (n > 0) buffer_.append(piece.data(), static_cast<std::size_t>(n));
    return n > 0 ? 1 : static_cast<int>(n);
}

std::optional<Answer> RawClient::read(bool head_only) {
    std::size_t end = std::string::npos;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
        if (fill() <= 0) return std::nullopt;
    }
    Answer answer;
    const std::string head = buffer_.substr(0, end);
    buffer_.erase(0, end + 4);
    bool first = true;
    for (const auto part : split(head, '\n')) {
        const auto line = trim(part);
        if (first) {
            answer.status_line = std::string(line);
            answer.status = std::atoi(answer.status_line.substr(9, 3).c_str());
        } else {
            const auto colon = line.find(':');
            answer.headers.emplace_back(to_lower(line.substr(0, colon)),
                                        trim(line.substr(colon + 1)));
        }
        first = false;
    }
    if (head_only || answer.status == 100) return answer;
    const auto length = static_cast<std::size_t>(
        std::strtoull(answer.header("content-length").c_str(), nullptr, 10));
    while (buffer_.size() < length) {
        if (fill() <= 0) return std::nullopt;
    }
    answer.body = buffer_.substr(0, length);
    buffer_.erase(0, length);
    return answer;
}

bool RawClient::read_until(std::string_view text) {
    std::size_t at = std::string::npos;
    while ((at = buffer_.find(text)) == std::string::npos) {
        if (fill() <= 0) return false;
    }
    buffer_.erase(0, at + text.size());
    return true;
}

bool RawClient::read_to_end() {
    int more = 1;
    while (more > 0) {
        buffer_.clear();
        more = fill();
    }
    return more == 0;
}

bool RawClient::closed() {
    return buffer_.empty() && fill() <= 0;
}

bool RawClient::closed_without_reset() {
    return buffer_.empty() && fill() == 0;
}

Answer RawClient::exchange(std::string_view bytes, bool head_only) {
    send(bytes);
    return read(head_only).value_or(Answer{});
}

std::string get(std::string_view path, std::string_view headers) {
    return "GET " + std::string(path) + " HTTP/1.1\r\nHost: x\r\n" + std::string(headers) + "\r\n";
}

std::string post(std::string_view path, std::string_view body, std::string_view headers) {
    return "POST " + std::string(path) +
           " HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(body.size()) + "\r\n" + std::string(headers) + "\r\n" + std::string(body);
}

}  // namespace chorus::http::test
