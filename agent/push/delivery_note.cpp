#include "agent/push/delivery_note.h"

#include <unistd.h>

#include <array>
#include <fstream>
#include <string_view>
#include <utility>

#include "agent/push/small_file.h"
#include "common/text.h"

namespace chorus::agent {

DeliveryNote::DeliveryNote(std::string path)
    : path_(std::move(path)), text_(read_delivery_note(path_).value_or("")) {}

void DeliveryNote::set(const std::string& text) {
    if (text == text_) return;
    text_ = text;
    // Where it cannot be written the log says the same.
    if (!path_.empty()) replace_file(path_, text + '\n');
}

void DeliveryNote::clear() {
    if (text_.empty()) return;
    text_.clear();
    if (!path_.empty()) ::unlink(path_.c_str());
}

std::optional<std::string> read_delivery_note(const std::string& path) {
    std::ifstream file(path);
    std::array<char, 1'000> text{};
    if (path.empty() || !file) return std::nullopt;
    file.read(text.data(), text.size());
    const std::string_view read(text.data(), static_cast<std::size_t>(file.gcount()));
    const auto line = trim(read.substr(0, read.find('\n')));
    return line.empty() ? std::nullopt : std::optional{one_line(line)};
}

std::string delivery_note_path(const std::string& spool_dir) {
    return spool_dir.empty() ? std::string{} : spool_dir + "/delivery-note";
}

}  // namespace chorus::agent
