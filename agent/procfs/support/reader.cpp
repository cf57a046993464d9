#include "agent/procfs/support/reader.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <utility>

#include "agent/procfs/support/directory.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr std::size_t kFirstSize = 16U << 10U;

}  // namespace

Reader::Reader(std::string root, const BootClock& clock)
    : root_path_(std::move(root)),
      root_(::open(root_path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)),
      root_error_(root_ ? 0 : errno),
      clock_(clock),
      buffer_(kFirstSize) {}

bool Reader::exists(const std::string& path) const {
    struct stat ignored {};
    return root_ && ::fstatat(root_.get(), path.c_str(), &ignored, 0) == 0;
}

std::optional<std::string> Reader::read_link(const std::string& path) {
    if (!root_) return std::nullopt;
    std::array<char, PATH_MAX> target{};
    const ssize_t size = ::readlinkat(root_.get(), path.c_str(), target.data(), target.size());
    std::string_view text;
    if (size >= 0) {
        text = {target.data(), static_cast<std::size_t>(size)};
    } else if (errno == EINVAL) {
        text = trim(read_record(path.c_str()).text);
    }
    const auto name = text.substr(text.rfind('/') + 1);
    return name.empty() ? std::nullopt : std::optional<std::string>(name);
}

std::vector<std::string> Reader::list(const std::string& path) const {
    return list_entries(path, false);
}

std::vector<std::string> Reader::list_directories(const std::string& path) const {
    return list_entries(path, true);
}

std::vector<std::string> Reader::list_entries(const std::string& path,
                                              bool directories_only) const {
    std::vector<std::string> names;
    if (!root_) return names;
    const Directory directory = open_directory(root_.get(), path.c_str());
    if (!directory) return names;
    while (const dirent* entry = ::readdir(directory.get())) {
        if (directories_only && entry->d_type != DT_DIR) continue;
        if (entry->d_name[0] != '.' && names.size() < kMostNames) names.emplace_back(entry->d_name);
    }
    std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
        return ::strverscmp(a.c_str(), b.c_str()) < 0;
    });
    return names;
}

ReadResult Reader::read_until_end(const char* path, bool short_read_ends) {
    if (!root_) return {.text = {}, .error = root_error_};
    // O_NONBLOCK: a FIFO in a recorded tree must not hold the agent.
    const FileDescriptor file(::openat(root_.get(), path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!file) return {.text = {}, .error = errno};
    const auto at = clock_.since_boot();
    std::size_t size = 0;
    for (;;) {
        if (size == buffer_.size()) {
            if (size >= kLimit) return {.text = {}, .error = EFBIG};
            buffer_.resize(std::min(kLimit, size * 4));
        }
        const ssize_t n = ::read(file.get(), buffer_.data() + size, buffer_.size() - size);
        if (n == 0) break;
        if (n < 0) {
            if (errno == EINTR) continue;
            return {.text = {}, .error = errno};
        }
        size += static_cast<std::size_t>(n);
        if (short_read_ends && size < buffer_.size()) break;
    }
    return {.text = std::string_view(buffer_.data(), size), .error = 0, .at = at};
}

}  // namespace chorus::agent
