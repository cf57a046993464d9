// An HTTP/1.x answer with its body, read as it comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "common/http/http_head.h"

namespace chorus {

// Of the body it looks at no more than 64 KiB: an endless one does not matter, one that ends before
// its announced length does.
class HttpAnswer {
  public:
    static constexpr std::size_t kMostBodyBytes = 64U << 10U;

    enum class State { head, body, complete, broken };

    // `keep_body`: the body is wanted. A body that nobody wants and whose end was not announced (no
    // length, no chunks, or a stream of events) is not waited for: it may have none.
    explicit HttpAnswer(bool keep_body) : keep_body_(keep_body) {}

    State feed(std::string_view bytes);
    // The connection has ended, in order or not: a body without length is complete with it.
    State end();

    State state() const { return state_; }
    // 0 before the head is complete.
    int status() const {
        return reader_.state() == HttpHeadReader::State::complete ? head().status : 0;
    }
    const HttpHead& head() const { return reader_.head(); }
    const std::string& error() const { return error_; }  // why it is broken
    const std::string& body() const { return body_; }
    // Complete, but the body goes on behind the bound.
    bool cut() const { return cut_; }
    // Another request may use the connection.
    bool keeps_alive() const {
        return state_ == State::complete && head().keeps_alive && !cut_ && pending_.empty();
    }

  private:
    void begin_body();
    void read_body();
    void read_chunks();
    bool next_chunk();
    void take_body(std::size_t bytes);
    void fail(const char* why);

    bool keep_body_;
    State state_ = State::head;
    HttpHeadReader reader_;
    std::string error_;
    std::string pending_;  // bytes of the body not yet understood
    std::string body_;
    std::size_t body_seen_ = 0;
    bool cut_ = false;
    std::uint64_t chunk_left_ = 0;
    bool in_chunk_ = false;
};

}  // namespace chorus
