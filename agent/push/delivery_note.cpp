#include "agent/push/delivery_note.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string_view>
#include <utility>

#include "agent/procfs/support/file_descriptor.h"
#include "agent/push/small_file.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr const char* kStored = ".stored";

}  // namespace

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

void DeliveryNote::stored(Timestamp now) {
    if (path_.empty()) return;
    if (noted_ && now >= *noted_ && now - *noted_ < kStoredNotedEvery) return;
    noted_ = now;
    const FileDescriptor file(
        ::open((path_ + kStored).c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    const timespec at{std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count(), 0};
    const timespec times[]{at, at};
    if (file) ::futimens(file.get(), times);
}

std::optional<Timestamp> read_last_stored(const std::string& path) {
    struct stat status {};
    if (path.empty() || ::stat((path + kStored).c_str(), &status) != 0) return std::nullopt;
    return Timestamp{std::chrono::seconds{status.st_mtim.tv_sec}};
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
