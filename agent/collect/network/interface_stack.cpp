#include "agent/collect/network/interface_stack.h"

#include <algorithm>
#include <optional>
#include <set>

#include "agent/procfs/support/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

std::string directory_of(const std::string& name) {
    return "class/net/" + name;
}

template <typename T>
std::optional<T> read_number(Reader& sys, const std::string& path) {
    const auto file = sys.read_record(path.c_str());
    return file ? parse_number<T>(trim(file.text)) : std::nullopt;
}

// Until the next read; empty for a plain interface.
std::string_view device_type(Reader& sys, const std::string& name) {
    const auto file = sys.read_record((directory_of(name) + "/uevent").c_str());
    auto text = file ? file.text : std::string_view{};
    while (const auto line = next_line(text)) {
        if (line->starts_with("DEVTYPE=")) return line->substr(8);
    }
    return {};
}

// Types whose packets always pass another interface. Alone in a container such a one may still be
// all there is.
bool lies_on_another(std::string_view device_type) {
    static constexpr std::string_view types[] = {"dsa",     "geneve",  "ipvlan", "ipvtap", "macsec",
                                                 "macvlan", "macvtap", "vlan",   "vxlan"};
    return std::find(std::begin(types), std::end(types), device_type) != std::end(types);
}

// "pf0vf3", "c1pf0sf88": Documentation/networking/switchdev.rst.
bool stands_for_a_function(Reader& sys, const std::string& name) {
    const auto file = sys.read_record((directory_of(name) + "/phys_port_name").c_str());
    const auto port = file ? trim(file.text) : std::string_view{};
    const auto physical = port.find("pf");
    return physical != std::string_view::npos && (physical == 0 || port[0] == 'c') &&
           (port.find("vf", physical) != std::string_view::npos ||
            port.find("sf", physical) != std::string_view::npos);
}

// A radio's frames as they are on the air: ARPHRD_IEEE80211 and those after it, if_arp.h.
bool is_monitor(int type) {
    return type >= 801 && type <= 803;
}

// Tunnels, whose packets pass another interface: ARPHRD_TUNNEL, _TUNNEL6, _SIT, _IPGRE, _IP6GRE and
// _NONE (tun, WireGuard).
bool is_tunnel(int type) {
    return type == 768 || type == 769 || type == 776 || type == 778 || type == 823 || type == 65534;
}

}  // namespace

const InterfaceStack::Facts& InterfaceStack::facts_of(const std::string& name) {
    if (const auto known = facts_.find(name); known != facts_.end()) return known->second;
    const std::string directory = directory_of(name);
    const int type = read_number<int>(sys_, directory + "/type").value_or(0);
    Facts facts;
    facts.hardware = sys_.exists(directory + "/device");
    if (facts.hardware) {
        facts.repeats = is_monitor(type) || lies_on_another(device_type(sys_, name)) ||
                        stands_for_a_function(sys_, name);
    } else {
        const auto kind = device_type(sys_, name);
        facts.repeats = is_tunnel(type) || kind == "vxlan" || kind == "geneve" ||
                        sys_.exists(directory + "/bridge") || sys_.exists(directory + "/bonding") ||
                        sys_.exists(directory + "/tun_flags");
    }
    return facts_.emplace(name, facts).first->second;
}

bool InterfaceStack::lies_on_hardware(const std::string& name) {
    const std::string directory = directory_of(name);
    // Asked each time: a virtual function joins its master a while after it appears.
    const auto master = sys_.read_link(directory + "/master");
    if (master && sys_.exists(directory_of(*master) + "/device")) return true;
    for (const std::string& entry : sys_.list(directory)) {
        if (!entry.starts_with("lower_")) continue;
        const std::string lower = entry.substr(6);
        const bool part_of_this = sys_.read_link(directory_of(lower) + "/master") == name;
        if (!part_of_this && sys_.exists(directory_of(lower) + "/device")) return true;
    }
    return false;
}

bool InterfaceStack::lies_on_one_of(const std::string& name,
                                    const std::vector<NetDev>& devices) const {
    const auto entries = sys_.list(directory_of(name));
    return std::any_of(entries.begin(), entries.end(), [&](const std::string& entry) {
        return entry.starts_with("lower_") &&
               std::any_of(devices.begin(), devices.end(), [&](const NetDev& device) {
                   return device.name == std::string_view(entry).substr(6);
               });
    });
}

void InterfaceStack::count_hardware(const std::vector<NetDev>& devices,
                                    std::vector<InterfaceRole>& roles) {
    bool any = false;
    for (std::size_t i = 0; i < devices.size(); ++i) {
        const std::string name(devices[i].name);
        const Facts& facts = facts_of(name);
        if (!facts.hardware) continue;
        const bool again = facts.repeats || lies_on_hardware(name);
        roles[i] = again ? InterfaceRole::hardware : InterfaceRole::counted;
        any = any || !again;
    }
    if (any) return;
    // A port or function that was given to a container alone is all it has.
    std::replace(roles.begin(), roles.end(), InterfaceRole::hardware, InterfaceRole::counted);
}

void InterfaceStack::count_virtual(const std::vector<NetDev>& devices,
                                   std::vector<InterfaceRole>& roles) {
    std::vector<std::size_t> bottom, in_no_bridge;
    for (std::size_t i = 0; i < devices.size(); ++i) {
        const std::string name(devices[i].name);
        if (facts_of(name).repeats || lies_on_one_of(name, devices)) continue;
        bottom.push_back(i);
        // The ends of containers inside of this one; what they send leaves by another interface.
        if (!sys_.exists(directory_of(name) + "/brport")) in_no_bridge.push_back(i);
    }
    const auto& counted = in_no_bridge.empty() ? bottom : in_no_bridge;
    for (const std::size_t i : counted) roles[i] = InterfaceRole::counted;
    if (counted.empty()) std::fill(roles.begin(), roles.end(), InterfaceRole::counted);
}

std::vector<InterfaceRole> InterfaceStack::roles(const std::vector<NetDev>& devices) {
    std::vector<InterfaceRole> roles(devices.size(), InterfaceRole::other);
    const bool any_hardware = std::any_of(devices.begin(), devices.end(), [&](const auto& device) {
        return facts_of(std::string(device.name)).hardware;
    });
    if (any_hardware) {
        count_hardware(devices, roles);
    } else {
        count_virtual(devices, roles);
    }
    forget_absent(devices);
    return roles;
}

// A name may come back as another interface.
void InterfaceStack::forget_absent(const std::vector<NetDev>& devices) {
    std::set<std::string_view> names;
    for (const NetDev& device : devices) names.insert(device.name);
    std::erase_if(facts_, [&](const auto& entry) { return !names.contains(entry.first); });
}

}  // namespace chorus::agent
