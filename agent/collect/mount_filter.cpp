#include "agent/collect/mount_filter.h"

#include <algorithm>
#include <map>
#include <string>
#include <utility>

namespace chorus::agent {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view word, const std::string_view (&list)[N]) {
    return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

bool better(const Mount& candidate, const Mount& kept) {
    return candidate.root == "/" && kept.root != "/";
}

}  // namespace

bool is_pseudo_filesystem(std::string_view type) {
    static constexpr std::string_view types[] = {
        "autofs",     "binfmt_misc", "bpf",       "cgroup",         "cgroup2",  "configfs",
        "debugfs",    "devpts",      "devtmpfs",  "efivarfs",       "erofs",    "fusectl",
        "fuse.lxcfs", "fuse.portal", "hugetlbfs", "iso9660",        "mqueue",   "nsfs",
        "overlay",    "proc",        "procfs",    "pstore",         "ramfs",    "rootfs",
        "rpc_pipefs", "securityfs",  "selinuxfs", "smackfs",        "squashfs", "sysfs",
        "tmpfs",      "tracefs",     "udf",       "fuse.gvfsd-fuse"};
    return is_one_of(type, types);
}

bool may_hang(std::string_view type) {
    static constexpr std::string_view types[] = {
        "9p",     "afs",   "beegfs", "ceph", "cifs",  "coda", "davfs", "gfs2",    "gpfs",
        "lustre", "ncpfs", "nfs",    "nfs4", "ocfs2", "smb3", "smbfs", "virtiofs"};
    return type.starts_with("fuse") || is_one_of(type, types);
}

std::vector<Mount> select_mounts(std::vector<Mount> mounts) {
    // The last mount on a point is the one a path leads to.
    std::map<std::string, Mount> visible;
    for (Mount& mount : mounts) visible.insert_or_assign(mount.mount_point, std::move(mount));
    std::map<std::string, Mount> by_device;
    for (auto& [point, mount] : visible) {
        if (is_pseudo_filesystem(mount.type)) continue;
        const auto [kept, fresh] = by_device.try_emplace(mount.device_id, mount);
        if (!fresh && better(mount, kept->second)) kept->second = mount;
    }
    std::vector<Mount> selected;
    selected.reserve(by_device.size());
    for (auto& [device, mount] : by_device) selected.push_back(std::move(mount));
    std::sort(selected.begin(), selected.end(),
              [](const Mount& a, const Mount& b) { return a.mount_point < b.mount_point; });
    return selected;
}

}  // namespace chorus::agent
