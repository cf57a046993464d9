#include "agent/push/event_reader.h"

namespace chorus::agent {

bool EventReader::feed(std::string_view piece) {
    while (!piece.empty()) {
        const auto end = piece.find('\n');
        line_ += piece.substr(0, end);
        if (line_.size() > kLongestLine) return false;
        if (end == std::string_view::npos) return true;
        piece.remove_prefix(end + 1);
        if (line_.ends_with('\r')) line_.pop_back();
        if (!take_line(line_)) return false;
        line_.clear();
    }
    return true;
}

bool EventReader::take_line(std::string_view line) {
    if (line.empty()) {
        if (!data_.empty()) handler_(name_, data_);
        name_.clear();
        data_.clear();
        return true;
    }
    const auto colon = line.find(':');
    const std::string_view field = line.substr(0, colon);  // empty for a comment
    std::string_view value = colon == std::string_view::npos ? "" : line.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    if (field == "event") name_ = value;
    if (field == "data") {
        if (!data_.empty()) data_ += '\n';
        data_ += value;
    }
    return data_.size() <= kLongestEvent;
}

}  // namespace chorus::agent
