#include "agent/procfs/overlaid_files.h"

#include "agent/procfs/mountinfo.h"

namespace chorus::agent {

OverlaidFiles::OverlaidFiles(Reader& proc) {
    const auto file = proc.read("self/mountinfo");
    if (!file) return;
    for (const std::string& root : {std::string("/proc"), proc.root()}) {
        for (const Mount& mount : parse_mountinfo(file.text)) {
            if (mount.mount_point.starts_with(root + "/")) {
                paths_.insert(mount.mount_point.substr(root.size() + 1));
            }
        }
    }
}

}  // namespace chorus::agent
