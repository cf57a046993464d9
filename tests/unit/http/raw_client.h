// A client that sends exactly the bytes it is given and reads answers one after the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace chorus::http::test {

struct Answer {
    int status = 0;
    std::string status_line;
    std::vector<std::pair<std::string, std::string>> headers;  // names in lower case
    std::string body;

    // Values of all headers of that name, joined with ", "; empty if there is none.
    std::string header(std::string_view name) const;
    bool has(std::string_view name) const;
    // The member `code` of a problem document.
    std::string code() const;
};

// Every wait ends after ten seconds with a failure.
class RawClient {
  public:
    explicit RawClient(std::uint16_t port);
    ~RawClient();
    RawClient(RawClient&& other) noexcept;
    RawClient& operator=(RawClient&&) = delete;

    RawClient& send(std::string_view bytes);
    // As much as the socket takes within the time; false when the peer has gone or reads nothing.
    bool try_send(std::string_view bytes, int milliseconds);
    void finish_sending();
    void close();
    // Makes the receive buffer small, so that a server that writes much must wait.
    void read_little();

    // Whether something, or the end, can be read without waiting.
    bool readable();

    // The next answer; nullopt when the connection ended before it was whole.
    std::optional<Answer> read(bool head_only = false);
    // Reads up to and with the text; false when the connection ended before it came.
    bool read_until(std::string_view text);
    // Reads all there is; true when that ends.
    bool read_to_end();
    // True when the server ends the connection without another byte.
    bool closed();
    // True when the connection ended in an orderly way, false when it was reset.
    bool closed_without_reset();

    // Sends and reads one answer; an answer of status 0 when there is none.
    Answer exchange(std::string_view bytes, bool head_only = false);

  private:
    // Appends to buffer_: 1 something, 0 end, -1 error or nothing in time.
    int fill();

    int fd_ = -1;
    std::string buffer_;
};

// "GET path HTTP/1.1" with Host and the given further header lines (each ended by CR LF).
std::string get(std::string_view path, std::string_view headers = {});
// A JSON POST with Content-Length.
std::string post(std::string_view path, std::string_view body, std::string_view headers = {});

}  // namespace chorus::http::test
