#include "agent/procfs/pid/cgroup_place.h"

#include <algorithm>

namespace chorus::agent {
namespace {

constexpr std::size_t kDigits = 64;
constexpr std::string_view kPayload = "lxc.payload";

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

// Without the systemd driver Podman and CRI-O make "libpod-ID", "libpod-payload-ID" and "crio-ID".
bool is_frame_without_unit(std::string_view prefix) {
    return prefix == "libpod" || prefix == "libpod-payload" || prefix == "crio";
}

// Below "lxc/" and "lxc.payload/" or as "lxc.payload.NAME": LXC, LXD, Incus, Proxmox.
bool is_lxc(std::string_view above, std::string_view name) {
    const bool framed = name.size() > kPayload.size() + 1 && name.starts_with(kPayload) &&
                        name[kPayload.size()] == '.';
    return framed || above == "lxc" || above == kPayload || name.ends_with(".libvirt-lxc");
}

}  // namespace

bool is_unit_with_processes(std::string_view name) {
    return name.ends_with(".service") || name.ends_with(".scope");
}

std::string_view container_digits(std::string_view name) {
    constexpr std::string_view scope = ".scope";
    const bool is_scope = name.ends_with(scope);
    if (is_scope) name.remove_suffix(scope.size());
    if (name.size() < kDigits) return {};
    const auto digits = name.substr(name.size() - kDigits);
    if (!std::all_of(digits.begin(), digits.end(), is_hex)) return {};
    auto prefix = name.substr(0, name.size() - kDigits);
    if (prefix.empty()) return is_scope ? std::string_view{} : digits;
    const char mark = prefix.back();
    prefix.remove_suffix(1);
    if (mark == ':') return is_scope || prefix.empty() ? std::string_view{} : digits;
    if (mark != '-' || prefix.ends_with("conmon") || prefix.empty()) return {};
    return is_scope || is_frame_without_unit(prefix) ? digits : std::string_view{};
}

void CgroupPlace::enter(std::string_view name) {
    // A reader in a group of its own sees the way up to the others as "..": cgroup_namespaces(7).
    if (name.empty() || name == "..") return;
    if (const auto digits = container_digits(name); !digits.empty()) {
        container_ = digits;
    } else if (container_.empty() && is_lxc(above_, name)) {
        const bool below = above_ == "lxc" || above_ == kPayload;
        container_ = below ? above_ + '/' + std::string(name) : std::string(name);
        manager_ = Manager::none;
    }
    enter_unit(name);
    above_ = name;
}

void CgroupPlace::enter_unit(std::string_view name) {
    if (manager_ == Manager::none) return;
    const bool of_user = manager_ == Manager::user;
    if (is_unit_with_processes(name)) {
        // A scope is named after its process; services and init.scope are called the same under
        // every manager.
        const bool ambiguous = name.ends_with(".service") || name == "init.scope";
        unit_ = of_user && ambiguous ? unit_ + '/' + std::string(name) : std::string(name);
        const bool is_manager = !of_user && name.starts_with("user@") && name.ends_with(".service");
        manager_ = is_manager ? Manager::user : Manager::none;
    } else if (!name.ends_with(".slice")) {
        manager_ = Manager::none;
    }
}

}  // namespace chorus::agent
