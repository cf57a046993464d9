#include "common/http/http_head.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "common/text.h"

namespace chorus {
namespace {

constexpr const char* kNotHttp = "Not an HTTP answer";
constexpr std::string_view kBlanks = " \t\v\f\r";

bool is_number(std::string_view text) {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::string_view next_word(std::string_view& text) {
    text.remove_prefix(std::min(text.size(), text.find_first_not_of(kBlanks)));
    const auto word = text.substr(0, text.find_first_of(kBlanks));
    text.remove_prefix(word.size());
    return word;
}

// What has come of a first line can still become one of HTTP.
bool may_be_http(std::string_view begun) {
    begun.remove_prefix(std::min(begun.size(), begun.find_first_not_of(kBlanks)));
    constexpr std::string_view kVersion = "HTTP/1.";
    return kVersion.starts_with(begun.substr(0, kVersion.size()));
}

}  // namespace

void HttpHeadReader::fail(const char* why) {
    state_ = State::broken;
    fault_ = why;
}

HttpHeadReader::State HttpHeadReader::feed(std::string_view& bytes) {
    while (state_ == State::reading && !bytes.empty()) {
        const auto end = bytes.find('\n');
        const auto piece = bytes.substr(0, end);
        seen_ += piece.size() + 1;
        if (seen_ > kMostBytes) {
            fail("The answer's headers are above 64 KiB");
            break;
        }
        line_ += piece;
        // Told early, so that no line of another protocol is waited for until the timeout.
        if (!begun_ && !may_be_http(line_)) fail(kNotHttp);
        if (end == std::string_view::npos) {
            --seen_;  // no end of a line yet
            bytes = {};
            break;
        }
        bytes.remove_prefix(end + 1);
        if (state_ != State::reading) break;
        if (line_.ends_with('\r')) {
            line_.pop_back();
        } else {
            doubtful_ = true;
        }
        take_line(line_);
        line_.clear();
    }
    return state_;
}

HttpHeadReader::State HttpHeadReader::end() {
    if (state_ == State::reading) {
        fail(seen_ == 0 ? "Connection closed without an answer" : "The answer was cut off");
    }
    return state_;
}

void HttpHeadReader::take_line(std::string_view line) {
    if (!begun_) {
        if (line.find_first_not_of(kBlanks) == std::string_view::npos) {
            doubtful_ = true;  // an empty line too many before the answer
        } else if (read_status_line(line)) {
            begun_ = true;
        } else {
            fail(kNotHttp);
        }
        return;
    }
    if (line.empty()) {
        take_field();
        return finish();
    }
    if (line[0] == ' ' || line[0] == '\t') {
        doubtful_ = true;
        // Behind the status line it continues nothing and is skipped (RFC 9112, 2.2).
        if (!field_.empty()) field_ += line;
        return;
    }
    take_field();
    field_ = line;
}

bool HttpHeadReader::read_status_line(std::string_view line) {
    const auto canonical = line;
    const auto version = next_word(line);
    const auto status = next_word(line);
    if (version.size() != 8 || !version.starts_with("HTTP/1.") || !is_number(version.substr(7)) ||
        status.size() != 3 || !is_number(status) || status[0] == '0') {
        return false;
    }
    head_ = {};
    std::from_chars(status.data(), status.data() + status.size(), head_.status);
    doubtful_ = doubtful_ || canonical.substr(9, 3) != status;
    bad_length_ = coded_ = false;
    closes_ = version[7] == '0';
    return true;
}

void HttpHeadReader::take_field() {
    if (field_.empty()) return;
    const std::string_view line = field_;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) {
        doubtful_ = true;
    } else {
        const auto name = line.substr(0, colon);
        const auto bare = trim(name);
        doubtful_ = doubtful_ || bare.size() != name.size();
        read_field(bare, trim(line.substr(colon + 1)));
    }
    field_.clear();
}

void HttpHeadReader::read_field(std::string_view name, std::string_view value) {
    if (equals_ignoring_case(name, "content-length")) {
        read_length(value);
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
        read_coding(value);
    } else if (equals_ignoring_case(name, "connection")) {
        for (const auto option : split(value, ',')) {
            closes_ = closes_ || equals_ignoring_case(trim(option), "close");
        }
    } else if (equals_ignoring_case(name, "content-type")) {
        head_.event_stream = to_lower(value.substr(0, 17)) == "text/event-stream";
    } else if (equals_ignoring_case(name, "retry-after")) {
        head_.retry_after = value;
    } else if (equals_ignoring_case(name, "date")) {
        head_.date = value;
    }
}

// One number, or the same one several times over, in one line or in many.
void HttpHeadReader::read_length(std::string_view value) {
    for (const auto item : split(value, ',')) {
        const auto text = trim(item);
        if (!is_number(text)) {
            bad_length_ = true;
            return;
        }
        std::uint64_t length = 0;
        if (std::from_chars(text.data(), text.data() + text.size(), length).ec != std::errc{}) {
            length = std::numeric_limits<std::uint64_t>::max();
        }
        doubtful_ = doubtful_ || head_.content_length;
        bad_length_ = bad_length_ || head_.content_length.value_or(length) != length;
        head_.content_length = length;
    }
}

// The last coding of all lines decides about the end (RFC 9112, 6.3).
void HttpHeadReader::read_coding(std::string_view value) {
    const auto last = trim(value.substr(value.rfind(',') + 1));
    head_.chunked = equals_ignoring_case(last, "chunked");
    coded_ = true;
}

void HttpHeadReader::finish() {
    if (head_.status < 200 && head_.status != 101) {  // an interim answer: the real one follows
        begun_ = false;
        return;
    }
    // In the order of RFC 9112, 6.3: a status without a body, a coding, a length.
    head_.bodyless = head_.status == 101 || head_.status == 204 || head_.status == 304;
    if (head_.bodyless || coded_) {
        doubtful_ = doubtful_ || head_.content_length || coded_ || head_.status == 101;
        head_.content_length.reset();
        head_.chunked = head_.chunked && !head_.bodyless;
    } else if (bad_length_) {
        return fail("The answer's length is no number, or it has two of them");
    }
    head_.keeps_alive =
        !closes_ && !doubtful_ && (head_.bodyless || head_.content_length.has_value());
    state_ = State::complete;
}

}  // namespace chorus
