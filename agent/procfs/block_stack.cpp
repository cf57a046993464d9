#include "agent/procfs/block_stack.h"

#include <algorithm>
#include <numeric>
#include <optional>
#include <utility>

#include "agent/procfs/diskstats.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr std::size_t kMostDevices = 1'024;

// The devices of a stack, in sets that are taken together: the set of a device is that of the
// index `set[i]` leads to.
class Stack {
  public:
    using Below = std::function<const std::vector<std::string>&(const std::string&)>;

    Stack(const std::vector<DeviceBytes>& devices, const Below& below) : nodes_(devices) {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            below_.emplace_back();
            for (const std::string& name : below(nodes_[i].device)) {
                if (const auto at = index_of(name)) below_[i].push_back(*at);
            }
        }
        set_.resize(nodes_.size());
        std::iota(set_.begin(), set_.end(), std::size_t{0});
        while (unite_what_lies_below()) {
        }
    }

    DeviceBytes sum() const {
        DeviceBytes sum;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (set_[i] != i || lies_on_others(i)) continue;
            const DeviceBytes own = sum_of_set(i);
            sum.read += own.read;
            sum.written += own.written;
        }
        return sum;
    }

  private:
    // Devices that were not counted themselves join with nothing.
    std::optional<std::size_t> index_of(const std::string& device) {
        const auto at = std::find_if(nodes_.begin(), nodes_.end(), [&](const DeviceBytes& node) {
            return node.device == device;
        });
        if (at == nodes_.end()) {
            if (nodes_.size() >= kMostDevices) return std::nullopt;
            nodes_.push_back({.device = device});
            return nodes_.size() - 1;
        }
        return static_cast<std::size_t>(at - nodes_.begin());
    }

    // All that one set lies on is one set, too. False if nothing changed.
    bool unite_what_lies_below() {
        std::map<std::size_t, std::size_t> first_below;  // by set
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            for (const std::size_t lower : below_[i]) {
                const auto into = first_below.try_emplace(set_[i], set_[lower]).first->second;
                if (into == set_[lower]) continue;
                std::replace(set_.begin(), set_.end(), set_[lower], into);
                return true;  // a key of first_below may be gone
            }
        }
        return false;
    }

    bool lies_on_others(std::size_t set) const {
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (set_[i] != set) continue;
            for (const std::size_t lower : below_[i]) {
                if (set_[lower] != set) return true;
            }
        }
        return false;
    }

    bool lies_on(std::size_t upper, std::size_t set) const {
        if (upper == set) return false;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (set_[i] != upper) continue;
            for (const std::size_t lower : below_[i]) {
                if (set_[lower] == set) return true;
            }
        }
        return false;
    }

    // Each set lies on one other at most, so the walk up ends.
    DeviceBytes sum_of_set(std::size_t set) const {
        DeviceBytes own, above;
        for (std::size_t i = 0; i < nodes_.size(); ++i) {
            if (set_[i] == set) {
                own.read += nodes_[i].read;
                own.written += nodes_[i].written;
            }
            if (set_[i] != i || !lies_on(i, set)) continue;
            const DeviceBytes upper = sum_of_set(i);
            above.read += upper.read;
            above.written += upper.written;
        }
        return {.device = {},
                .read = std::max(own.read, above.read),
                .written = std::max(own.written, above.written)};
    }

    std::vector<DeviceBytes> nodes_;
    std::vector<std::vector<std::size_t>> below_;
    std::vector<std::size_t> set_;
};

}  // namespace

DeviceBytes sum_of_stack(
    const std::vector<DeviceBytes>& devices,
    const std::function<const std::vector<std::string>&(const std::string&)>& below) {
    return Stack(devices, below).sum();
}

DeviceBytes BlockStack::sum(std::vector<DeviceBytes> devices) {
    if (devices.empty()) return {};
    read_names();
    std::erase_if(devices, [&](const DeviceBytes& device) {
        const auto name = names_.find(device.device);
        return name != names_.end() && is_memory_or_file(name->second);
    });
    return sum_of_stack(
        devices, [&](const std::string& device) -> const auto& { return below(device); });
}

void BlockStack::forget() {
    names_known_ = false;
    numbers_.clear();
    names_.clear();
    below_.clear();
}

const std::vector<std::string>& BlockStack::below(const std::string& device) {
    if (const auto known = below_.find(device); known != below_.end()) return known->second;
    std::vector<std::string> numbers;
    for (const std::string& name : sys_.list("dev/block/" + device + "/slaves")) {
        const std::string number = disk_number(device, name);
        if (!number.empty() && number != device) numbers.push_back(number);
    }
    return below_.emplace(device, std::move(numbers)).first->second;
}

// Requests to a partition are counted for its disk.
std::string BlockStack::disk_number(const std::string& upper, const std::string& name) {
    const auto number = numbers_.find(name);
    if (number == numbers_.end()) {
        // Where /proc/diskstats is hidden, as from some containers.
        const std::string lower = "dev/block/" + upper + "/slaves/" + name;
        const bool partition = sys_.exists(lower + "/partition");
        const auto file = sys_.read_record((lower + (partition ? "/../dev" : "/dev")).c_str());
        return file ? std::string(trim(file.text)) : std::string{};
    }
    if (sys_.exists("block/" + name)) return number->second;
    for (const auto& [disk, disk_number] : numbers_) {
        if (name.starts_with(disk) && sys_.exists("block/" + disk + '/' + name)) {
            return disk_number;
        }
    }
    return number->second;
}

void BlockStack::read_names() {
    if (std::exchange(names_known_, true)) return;
    const auto file = proc_.read("diskstats");
    if (!file) return;
    for (const DiskStats& disk : parse_diskstats(file.text)) {
        std::string name(disk.name);
        std::replace(name.begin(), name.end(), '/', '!');  // as in sysfs: "cciss!c0d0"
        numbers_.emplace(name, disk.number);
        names_.emplace(disk.number, std::move(name));
    }
}

}  // namespace chorus::agent
