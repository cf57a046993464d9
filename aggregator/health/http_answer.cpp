#include "aggregator/health/http_answer.h"

#include <algorithm>
#include <charconv>

#include "common/text.h"

namespace chorus::health {
namespace {

constexpr std::size_t kMostChunkLine = 1'024;

bool parse_number(std::string_view text, std::uint64_t& value, int base) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
    return !text.empty() && error == std::errc{} && end == text.data() + text.size();
}

}  // namespace

void HttpAnswer::fail(const char* why) {
    state_ = State::broken;
    error_ = why;
    pending_.clear();
}

HttpAnswer::State HttpAnswer::feed(std::string_view bytes) {
    if (state_ == State::complete || state_ == State::broken) return state_;
    pending_.append(bytes);
    while (state_ == State::head && pending_.find("\r\n\r\n") != std::string::npos) read_head();
    if (state_ == State::head) {
        // Told early, so that no line of another protocol is waited for until the timeout.
        const auto begin = std::string_view{pending_}.substr(0, 5);
        if (!std::string_view{"HTTP/"}.starts_with(begin)) {
            fail("Not an HTTP answer");
        } else if (pending_.size() > kMostHeadBytes) {
            fail("The answer's headers are too large");
        }
    }
    if (state_ == State::body) read_body();
    return state_;
}

HttpAnswer::State HttpAnswer::end() {
    if (state_ == State::head) {
        fail(pending_.empty() ? "Connection closed without an answer" : "The answer was cut off");
    } else if (state_ == State::body) {
        if (length_ || chunked_) {
            fail("The answer was cut off");
        } else {
            state_ = State::complete;
        }
    }
    return state_;
}

void HttpAnswer::read_head() {
    const auto end = pending_.find("\r\n\r\n");
    std::string_view head = std::string_view{pending_}.substr(0, end);
    length_.reset();
    chunked_ = false;
    bool first = true;
    while (!head.empty()) {
        const auto line_end = head.find("\r\n");
        const auto line = head.substr(0, line_end);
        head.remove_prefix(line_end == std::string_view::npos ? head.size() : line_end + 2);
        if (first ? !read_status_line(line) : !read_header(line)) {
            fail("Not an HTTP answer");
            return;
        }
        first = false;
    }
    if (first) {
        fail("Not an HTTP answer");
        return;
    }
    pending_.erase(0, end + 4);
    if (status_ < 200) {  // an interim answer: the real one follows
        status_ = 0;
        return;
    }
    begin_body();
}

bool HttpAnswer::read_status_line(std::string_view line) {
    // HTTP/1.1 200 OK
    std::uint64_t status = 0;
    if (line.size() < 12 || !line.starts_with("HTTP/1.") || line[8] != ' ' ||
        (line.size() > 12 && line[12] != ' ') || !parse_number(line.substr(9, 3), status, 10) ||
        status < 100 || status > 599) {
        return false;
    }
    status_ = static_cast<int>(status);
    return true;
}

bool HttpAnswer::read_header(std::string_view line) {
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    const auto name = line.substr(0, colon);
    const auto value = trim(line.substr(colon + 1));
    if (equals_ignoring_case(name, "content-length")) {
        std::uint64_t length = 0;
        if (!parse_number(value, length, 10) || (length_ && *length_ != length)) return false;
        length_ = length;
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
        chunked_ = to_lower(value).ends_with("chunked");
    }
    return true;
}

void HttpAnswer::begin_body() {
    if (chunked_) length_.reset();
    const bool none = status_ == 204 || status_ == 304 || (length_ && *length_ == 0);
    state_ = none ? State::complete : State::body;
}

void HttpAnswer::take_body(std::size_t bytes) {
    if (keep_body_) body_.append(pending_, 0, std::min(bytes, kMostBodyBytes - body_seen_));
    body_seen_ += bytes;
    pending_.erase(0, bytes);
}

void HttpAnswer::read_body() {
    if (chunked_) {
        read_chunks();
    } else {
        take_body(pending_.size());
        if (length_ && body_seen_ >= *length_) state_ = State::complete;
    }
    if (state_ == State::body && body_seen_ >= kMostBodyBytes) state_ = State::complete;
}

void HttpAnswer::read_chunks() {
    while (state_ == State::body && body_seen_ < kMostBodyBytes) {
        if (in_chunk_) {
            const auto bytes = std::min<std::uint64_t>(chunk_left_, pending_.size());
            take_body(static_cast<std::size_t>(bytes));
            chunk_left_ -= bytes;
            if (chunk_left_ > 0 || pending_.size() < 2) return;
            if (!pending_.starts_with("\r\n")) return fail("The answer's chunks are malformed");
            pending_.erase(0, 2);
            in_chunk_ = false;
        }
        const auto line_end = pending_.find("\r\n");
        if (line_end == std::string::npos) {
            if (pending_.size() > kMostChunkLine) fail("The answer's chunks are malformed");
            return;
        }
        const auto line = std::string_view{pending_}.substr(0, line_end);
        if (!parse_number(trim(line.substr(0, line.find(';'))), chunk_left_, 16)) {
            return fail("The answer's chunks are malformed");
        }
        pending_.erase(0, line_end + 2);
        if (chunk_left_ == 0) {  // trailers are of no interest
            state_ = State::complete;
            return;
        }
        in_chunk_ = true;
    }
}

}  // namespace chorus::health
