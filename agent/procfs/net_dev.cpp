#include "agent/procfs/net_dev.h"

#include <array>
#include <optional>

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

std::optional<NetDev> parse_device(std::string_view line) {
    // An alias ("eth0:1") has a colon too, and old kernels put no blank behind the last one.
    const auto colon = line.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto head = line.substr(0, colon);
    auto tail = line.substr(colon + 1);
    NetDev device;
    device.name = next_word(head);
    std::array<std::uint64_t, 12> field{};
    for (auto& number : field) {
        const auto parsed = next_number<std::uint64_t>(tail);
        if (!parsed) return std::nullopt;
        number = *parsed;
    }
    if (device.name.empty()) return std::nullopt;
    device.receive = {field[0], field[1], field[2], field[3]};
    device.transmit = {field[8], field[9], field[10], field[11]};
    return device;
}

}  // namespace

std::vector<NetDev> parse_net_dev(std::string_view text) {
    std::vector<NetDev> devices;
    while (const auto line = next_line(text)) {
        if (const auto device = parse_device(*line)) devices.push_back(*device);
    }
    return devices;
}

}  // namespace chorus::agent
