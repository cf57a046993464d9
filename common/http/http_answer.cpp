#include "common/http/http_answer.h"

#include <algorithm>
#include <charconv>

#include "common/text.h"

namespace chorus {
namespace {

constexpr std::size_t kMostChunkLine = 1'024;
constexpr const char* kBadChunks = "The answer's chunks are malformed";

}  // namespace

void HttpAnswer::fail(const char* why) {
    state_ = State::broken;
    error_ = why;
    pending_.clear();
}

HttpAnswer::State HttpAnswer::feed(std::string_view bytes) {
    if (state_ == State::head) {
        const auto read = reader_.feed(bytes);
        if (read == HttpHeadReader::State::broken) fail(reader_.fault());
        if (read == HttpHeadReader::State::complete) begin_body();
    }
    if (state_ == State::broken || state_ == State::head) return state_;
    // What comes behind the end is kept for keeps_alive() alone, and never grows.
    if (state_ == State::body || pending_.empty()) pending_.append(bytes);
    if (state_ == State::body) read_body();
    return state_;
}

HttpAnswer::State HttpAnswer::end() {
    if (state_ == State::head) {
        reader_.end();
        fail(reader_.fault());
    } else if (state_ == State::body) {
        if (head().content_length || head().chunked) {
            fail("The answer was cut off");
        } else {
            state_ = State::complete;
        }
    }
    return state_;
}

void HttpAnswer::begin_body() {
    const bool announced = head().content_length || head().chunked;
    const bool endless = !announced || head().event_stream;
    const bool none = head().bodyless || head().content_length == 0U;
    state_ = none || (endless && !keep_body_) ? State::complete : State::body;
}

void HttpAnswer::take_body(std::size_t bytes) {
    if (keep_body_) {
        body_.append(pending_, 0, std::min(bytes, kMostBodyBytes - body_.size()));
    }
    body_seen_ += bytes;
    pending_.erase(0, bytes);
}

void HttpAnswer::read_body() {
    const auto& length = head().content_length;
    if (head().chunked) {
        read_chunks();
    } else {
        const std::uint64_t left = length ? *length - body_seen_ : pending_.size();
        take_body(static_cast<std::size_t>(std::min<std::uint64_t>(left, pending_.size())));
        if (length && body_seen_ == *length) state_ = State::complete;
    }
    const bool enough = state_ == State::body && body_seen_ >= kMostBodyBytes;
    if (enough) state_ = State::complete;
    cut_ = enough || body_seen_ > kMostBodyBytes;
}

void HttpAnswer::read_chunks() {
    while (state_ == State::body && body_seen_ < kMostBodyBytes) {
        if (!in_chunk_) {
            if (!next_chunk()) return;
            continue;
        }
        const auto bytes = std::min<std::uint64_t>(chunk_left_, pending_.size());
        take_body(static_cast<std::size_t>(bytes));
        chunk_left_ -= bytes;
        if (chunk_left_ > 0 || pending_.empty() || pending_ == "\r") return;
        if (!pending_.starts_with("\r\n") && !pending_.starts_with('\n')) return fail(kBadChunks);
        pending_.erase(0, pending_[0] == '\r' ? 2 : 1);
        in_chunk_ = false;
    }
}

// Takes the line that tells a chunk's size. False if it has not come yet, or ends the body.
bool HttpAnswer::next_chunk() {
    const auto end = pending_.find('\n');
    if (end == std::string::npos) {
        if (pending_.size() > kMostChunkLine) fail(kBadChunks);
        return false;
    }
    const auto line = std::string_view{pending_}.substr(0, end);
    const auto size = trim(line.substr(0, line.find(';')));
    const auto [rest, error] =
        std::from_chars(size.data(), size.data() + size.size(), chunk_left_, 16);
    if (size.empty() || error != std::errc{} || rest != size.data() + size.size()) {
        fail(kBadChunks);
        return false;
    }
    pending_.erase(0, end + 1);
    in_chunk_ = chunk_left_ > 0;
    if (!in_chunk_) state_ = State::complete;  // trailers are of no interest
    return in_chunk_;
}

}  // namespace chorus
