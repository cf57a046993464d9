#include "agent/process/pid_files.h"

#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include <cerrno>

#include "agent/procfs/pid/pid_cgroup.h"
#include "agent/procfs/pid/pid_limits.h"
#include "agent/procfs/support/directory.h"
#include "common/batch/batch.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

// Since Linux 6.2 the size of /proc/PID/fd is the number of open files: proc_pid_fd(5). A recorded
// tree lies on a file system with other ideas of a size.
bool gives_fd_count_as_size(const Reader& proc) {
    struct statfs fs {};
    struct stat status {};
    return ::fstatfs(proc.fd(), &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC &&
           ::fstatat(proc.fd(), "self/fd", &status, 0) == 0 && status.st_size > 0;
}

}  // namespace

bool has_ended(int error) {
    return error == ENOENT || error == ESRCH;
}

PidFiles::PidFiles(Reader& proc, ReadFaults& faults)
    : proc_(proc), faults_(faults), fd_count_is_size_(gives_fd_count_as_size(proc)) {}

ReadResult PidFiles::noted(std::string_view file, const ReadResult& result) const {
    if (!result && !has_ended(result.error)) faults_.note(file, result.error);
    return result;
}

std::optional<uid_t> PidFiles::owner(std::int32_t pid) const {
    struct stat status {};
    if (::fstatat(proc_.fd(), PidPath(pid, "").c_str(), &status, 0) != 0) return std::nullopt;
    return status.st_uid;
}

std::optional<std::int32_t> PidFiles::open_file_limit(std::int32_t pid) const {
    const auto file = noted("/proc/PID/limits", proc_.read(PidPath(pid, "limits").c_str()));
    return file ? parse_open_file_limit(file.text) : std::nullopt;
}

std::optional<std::int32_t> PidFiles::open_files(std::int32_t pid) const {
    const PidPath path(pid, "fd");
    if (fd_count_is_size_) {
        struct stat status {};
        if (::fstatat(proc_.fd(), path.c_str(), &status, 0) == 0) {
            return static_cast<std::int32_t>(status.st_size);
        }
    } else if (const Directory directory = open_directory(proc_.fd(), path.c_str())) {
        std::int32_t count = 0;
        while (const dirent* entry = ::readdir(directory.get())) {
            if (entry->d_name[0] != '.') ++count;
        }
        return count;
    }
    if (!has_ended(errno)) faults_.note("/proc/PID/fd", errno);
    return std::nullopt;
}

PidIo PidFiles::io(std::int32_t pid) const {
    const auto file = noted("/proc/PID/io", proc_.read_record(PidPath(pid, "io").c_str()));
    return file ? parse_pid_io(file.text) : PidIo{};
}

PidFiles::Cgroup PidFiles::cgroup(std::int32_t pid) const {
    const auto file = noted("/proc/PID/cgroup", proc_.read(PidPath(pid, "cgroup").c_str()));
    if (!file) return {};
    const PidCgroup parsed = parse_pid_cgroup(file.text);
    return {plain_name(parsed.unit, limits::kLabelBytes),
            plain_name(parsed.container_id, limits::kLabelBytes)};
}

}  // namespace chorus::agent
