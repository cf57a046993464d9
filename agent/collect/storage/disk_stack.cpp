#include "agent/collect/storage/disk_stack.h"

#include <algorithm>

#include "common/text.h"

namespace chorus::agent {
namespace {

std::string directory_of(std::string_view name) {
    std::string path = "block/" + std::string(name);
    std::replace(path.begin() + 6, path.end(), '/', '!');  // sysfs has "cciss!c0d0"
    return path;
}

// "nvme0c1n2" is a path to "nvme0n2"; empty for any other name.
std::string head_of_path(std::string_view name) {
    const auto controller = name.find('c');
    const auto space = name.find('n', controller);
    if (!name.starts_with("nvme") || controller == std::string_view::npos ||
        space == std::string_view::npos) {
        return {};
    }
    return std::string(name.substr(0, controller)) + std::string(name.substr(space));
}

bool has_counted(const DiskStats& disk) {
    return disk.counters.reads > 0 || disk.counters.writes > 0;
}

const DiskStats* find(const std::vector<DiskStats>& disks, std::string_view name) {
    const auto at = std::find_if(disks.begin(), disks.end(),
                                 [&](const DiskStats& disk) { return disk.name == name; });
    return at == disks.end() ? nullptr : &*at;
}

}  // namespace

DiskStack::Kind DiskStack::kind_of(std::string_view name) {
    if (const auto known = kinds_.find(name); known != kinds_.end()) return known->second;
    const std::string directory = directory_of(name);
    Kind kind = Kind::partition;
    if (sys_.exists(directory)) {
        const auto hidden = sys_.read_record((directory + "/hidden").c_str());
        kind = sys_.exists(directory + "/device") ? Kind::hardware : Kind::stacked;
        if (hidden && trim(hidden.text) == "1") kind = Kind::hidden;
    }
    kinds_.emplace(name, kind);
    return kind;
}

bool DiskStack::lies_on_one_of(std::string_view name, const std::vector<DiskStats>& disks) const {
    const auto below = sys_.list(directory_of(name) + "/slaves");
    return std::any_of(below.begin(), below.end(), [&](const std::string& lower) {
        return std::any_of(disks.begin(), disks.end(), [&](const DiskStats& disk) {
            return disk.name == lower || sys_.exists(directory_of(disk.name) + '/' + lower);
        });
    });
}

std::vector<bool> DiskStack::counted(const std::vector<DiskStats>& disks) {
    std::vector<bool> counted(disks.size(), false);
    for (std::size_t i = 0; i < disks.size(); ++i) {
        if (kind_of(disks[i].name) == Kind::hidden) {
            const std::string head_name = head_of_path(disks[i].name);
            const DiskStats* const head = find(disks, head_name);
            counted[i] = !head_name.empty() && (head == nullptr || !has_counted(*head));
        } else {
            counted[i] = kind_of(disks[i].name) == Kind::hardware;
        }
    }
    if (std::find(counted.begin(), counted.end(), true) != counted.end()) return counted;
    for (std::size_t i = 0; i < disks.size(); ++i) {
        counted[i] =
            kind_of(disks[i].name) == Kind::stacked && !lies_on_one_of(disks[i].name, disks);
    }
    return counted;
}

void DiskStack::forget_absent(const std::vector<DiskStats>& disks) {
    constexpr std::size_t most = 1'024;  // partitions are many
    if (kinds_.size() > most) kinds_.clear();
    std::erase_if(kinds_, [&](const auto& entry) {
        return entry.second != Kind::partition && find(disks, entry.first) == nullptr;
    });
}

}  // namespace chorus::agent
