#include "agent/collect/storage/mount_filter.h"

#include <algorithm>
#include <map>
#include <string>
#include <tuple>

namespace chorus::agent {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view word, const std::string_view (&list)[N]) {
    return std::find(std::begin(list), std::end(list), word) != std::end(list);
}

bool better(const Mount& candidate, const Mount& kept) {
    const auto rank = [](const Mount& mount) {
        return std::tuple(mount.mount_point == "/", !mount.read_only, mount.root == "/");
    };
    return rank(candidate) > rank(kept);
}

// Both lie in directories of the same mount, so `other` came later: else it were the parent.
bool is_covered_by(const Mount& mount, const Mount& other) {
    return other.parent == mount.parent && is_below(mount.mount_point, other.mount_point);
}

bool leads_elsewhere(const Mount& mount, const std::vector<Mount>& all) {
    const Mount* at = &mount;
    // The parents are a tree unless the text is damaged.
    for (std::size_t depth = 0; at != nullptr && at->id != 0 && depth < all.size(); ++depth) {
        const auto covers = [&](const Mount& other) { return is_covered_by(*at, other); };
        if (std::any_of(all.begin(), all.end(), covers)) return true;
        const auto parent = std::find_if(all.begin(), all.end(), [&](const Mount& other) {
            return other.id == at->parent && &other != at;
        });
        at = parent == all.end() ? nullptr : &*parent;
    }
    return false;
}

}  // namespace

bool is_below(std::string_view path, std::string_view directory) {
    return path.size() > directory.size() && path.starts_with(directory) &&
           (directory.ends_with('/') || path[directory.size()] == '/');
}

bool is_pseudo_filesystem(std::string_view type) {
    static constexpr std::string_view types[] = {"aufs",
                                                 "autofs",
                                                 "binder",
                                                 "binfmt_misc",
                                                 "bpf",
                                                 "cgroup",
                                                 "cgroup2",
                                                 "configfs",
                                                 "debugfs",
                                                 "devpts",
                                                 "devtmpfs",
                                                 "efivarfs",
                                                 "fusectl",
                                                 "fuse.fuse-overlayfs",
                                                 "fuse.gvfsd-fuse",
                                                 "fuse.lxcfs",
                                                 "fuse.portal",
                                                 "fuse.vmware-vmblock",
                                                 "hugetlbfs",
                                                 "mqueue",
                                                 "nfsd",
                                                 "nsfs",
                                                 "overlay",
                                                 "proc",
                                                 "procfs",
                                                 "pstore",
                                                 "ramfs",
                                                 "resctrl",
                                                 "rootfs",
                                                 "rpc_pipefs",
                                                 "securityfs",
                                                 "selinuxfs",
                                                 "shiftfs",
                                                 "smackfs",
                                                 "sysfs",
                                                 "tmpfs",
                                                 "tracefs"};
    return is_one_of(type, types);
}

bool is_image(const Mount& mount) {
    static constexpr std::string_view types[] = {
        "cramfs",       "erofs",         "fuse.archivemount", "fuse.dwarfs", "fuse.erofsfuse",
        "fuse.fuseiso", "fuse.snapfuse", "fuse.squashfuse",   "iso9660",     "fuse.squashfuse_ll",
        "romfs",        "squashfs"};
    const std::string_view type = mount.type;
    // A rewritable disc or a stick with udf is a disk.
    return is_one_of(type, types) || (type == "udf" && mount.read_only) ||
           (type.starts_with("fuse.") && type.ends_with(".AppImage"));
}

bool may_hang(std::string_view type) {
    static constexpr std::string_view types[] = {
        "9p",     "afs",   "beegfs", "ceph", "cifs",  "coda", "davfs", "gfs2",    "gpfs",
        "lustre", "ncpfs", "nfs",    "nfs4", "ocfs2", "smb3", "smbfs", "virtiofs"};
    return type.starts_with("fuse") || is_one_of(type, types);
}

bool can_fill(const std::vector<Mount>& mounts, std::string_view device_id) {
    return std::any_of(mounts.begin(), mounts.end(), [&](const Mount& mount) {
        return mount.device_id == device_id && !mount.read_only;
    });
}

std::vector<SelectedMount> select_mounts(const std::vector<Mount>& mounts) {
    // The last mount on a point is the one a path leads to.
    std::map<std::string_view, const Mount*> visible;
    for (const Mount& mount : mounts) visible.insert_or_assign(mount.mount_point, &mount);
    std::map<std::string_view, const Mount*> by_device;
    for (const Mount& mount : mounts) {
        const bool disk = !is_pseudo_filesystem(mount.type) && !is_image(mount);
        if (!disk || visible.at(mount.mount_point) != &mount) continue;
        if (leads_elsewhere(mount, mounts)) continue;
        const auto [kept, fresh] = by_device.try_emplace(mount.device_id, &mount);
        if (!fresh && better(mount, *kept->second)) kept->second = &mount;
    }
    std::vector<SelectedMount> selected;
    selected.reserve(by_device.size());
    for (const auto& [device, mount] : by_device)
        selected.push_back({*mount, can_fill(mounts, device)});
    std::sort(selected.begin(), selected.end(),
              [](const Mount& a, const Mount& b) { return a.mount_point < b.mount_point; });
    return selected;
}

}  // namespace chorus::agent
