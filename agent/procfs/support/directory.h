// Owns an open directory.
#pragma once

#include <dirent.h>
#include <fcntl.h>

#include <memory>

#include "agent/procfs/support/file_descriptor.h"

namespace chorus::agent {

struct CloseDirectory {
    void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

// `path` is relative to the directory behind `root`. Empty with errno set if it cannot be opened.
inline Directory open_directory(int root, const char* path) {
    FileDescriptor fd(::openat(root, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK));
    Directory directory(fd ? ::fdopendir(fd.get()) : nullptr);
    if (directory) fd.release();  // closed with the directory
    return directory;
}

}  // namespace chorus::agent
