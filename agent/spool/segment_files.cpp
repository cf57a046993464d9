#include "agent/spool/segment_files.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <filesystem>
#include <string_view>

#include "agent/procfs/support/file_descriptor.h"
#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

constexpr std::string_view kEnding = ".seg";
constexpr std::size_t kDigits = 20;

}  // namespace

std::string segment_name(std::uint64_t number) {
    std::array<char, 32> name{};
    std::snprintf(name.data(), name.size(), "%020" PRIu64 ".seg", number);
    return name.data();
}

std::map<std::uint64_t, std::string> list_segments(const std::string& directory) {
    std::map<std::uint64_t, std::string> segments;
    std::error_code error;
    for (std::filesystem::directory_iterator it(directory, error), end; !error && it != end;
         it.increment(error)) {
        const std::string name = it->path().filename().string();
        if (name.size() != kDigits + kEnding.size() || !name.ends_with(kEnding)) continue;
        const auto number = parse_number<std::uint64_t>(std::string_view(name).substr(0, kDigits));
        if (number) segments.emplace(*number, it->path().string());
    }
    return segments;
}

std::optional<std::string> read_segment(DiskCalls& disk, const std::string& path) {
    const FileDescriptor file(disk.open(path, O_RDONLY | O_NONBLOCK));
    struct stat status {};
    if (!file || ::fstat(file.get(), &status) != 0) return std::nullopt;
    if (!S_ISREG(status.st_mode)) {
        errno = EINVAL;
        return std::nullopt;
    }
    std::string bytes;
    const auto size = std::min(static_cast<std::uint64_t>(status.st_size), kMostSegmentBytes);
    bytes.resize(static_cast<std::size_t>(size));
    std::size_t read = 0;
    while (read < bytes.size()) {
        const ssize_t n = disk.pread(file.get(), bytes.data() + read, bytes.size() - read, read);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return std::nullopt;
        if (n == 0) break;
        read += static_cast<std::size_t>(n);
    }
    bytes.resize(read);
    return bytes;
}

std::uint64_t bytes_on_disk(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return 0;
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

}  // namespace chorus::agent
