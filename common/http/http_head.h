// The head of an HTTP/1.x answer (RFC 9112), read as leniently as a client may.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace chorus {

struct HttpHead {
    int status = 0;  // 100 to 999
    // Exact, or as much as fits. None also where a transfer coding takes its place.
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool bodyless = false;      // the status says that no body follows
    bool event_stream = false;  // text/event-stream: a body without an end
    std::string retry_after{};  // as it came, empty if absent; see common/http/retry_after.h
    std::string date{};         // the same
    // The next answer on this connection is sure to begin where this one ends. False wherever
    // anything was read leniently: two readers may then disagree about the end.
    bool keeps_alive = false;
};

// Reads a head in any pieces. Interim answers (1xx) before it are skipped, but for 101, after which
// no HTTP follows. It takes what RFC 9112 lets a client take: lines that end with LF alone (2.2),
// any white space in the status line and none behind it (4), blanks before a colon (5.1), folded
// lines (5.2), equal repeated lengths (6.3, RFC 9110 8.6). Lines without a colon are skipped.
class HttpHeadReader {
  public:
    static constexpr std::size_t kMostBytes = 64U << 10U;  // with the interim answers

    enum class State { reading, complete, broken };

    // Takes the head's bytes off the front of `bytes`; what is left belongs to the body.
    State feed(std::string_view& bytes);
    // The peer has closed the connection.
    State end();

    State state() const { return state_; }
    const HttpHead& head() const { return head_; }  // valid once complete
    const char* fault() const { return fault_; }    // why it is broken, a sentence for people

  private:
    void take_line(std::string_view line);
    void take_field();
    void read_field(std::string_view name, std::string_view value);
    void read_length(std::string_view value);
    void read_coding(std::string_view value);
    bool read_status_line(std::string_view line);
    void finish();
    void fail(const char* why);

    State state_ = State::reading;
    const char* fault_ = "";
    HttpHead head_;
    std::size_t seen_ = 0;
    std::string line_;         // begun, without its end
    std::string field_;        // a folded line may still follow
    bool begun_ = false;       // the status line was read
    bool doubtful_ = false;    // something was read leniently
    bool bad_length_ = false;  // no number, or two different ones
    bool coded_ = false;       // there is a Transfer-Encoding
    bool closes_ = false;
};

}  // namespace chorus
