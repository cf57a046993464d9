// The answer of a checked HTTP service, read as it comes and never kept.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chorus::health {

// Reads an HTTP/1.x answer (RFC 9112) in any pieces. Of the body it looks at no more than 64 KiB:
// an endless one does not matter, one that ends before its announced length does.
class HttpAnswer {
  public:
    static constexpr std::size_t kMostHeadBytes = 32U << 10U;
    static constexpr std::size_t kMostBodyBytes = 64U << 10U;

    enum class State { head, body, complete, broken };

    // `keep_body`: the body is wanted for a comparison.
    explicit HttpAnswer(bool keep_body) : keep_body_(keep_body) {}

    State feed(std::string_view bytes);
    // The peer has closed the connection.
    State end();

    State state() const { return state_; }
    int status() const { return status_; }               // 0 before the head is complete
    const std::string& error() const { return error_; }  // why it is broken
    const std::string& body() const { return body_; }

  private:
    void read_head();
    bool read_status_line(std::string_view line);
    bool read_header(std::string_view line);
    void begin_body();
    void read_body();
    void read_chunks();
    void take_body(std::size_t bytes);
    void fail(const char* why);

    bool keep_body_;
    State state_ = State::head;
    int status_ = 0;
    std::string error_;
    std::string pending_;  // bytes not yet understood
    std::string body_;
    std::size_t body_seen_ = 0;
    std::optional<std::uint64_t> length_;
    bool chunked_ = false;
    std::uint64_t chunk_left_ = 0;
    bool in_chunk_ = false;
};

}  // namespace chorus::health
