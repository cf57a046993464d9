#include "agent/procfs/mountinfo.h"

#include <optional>

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

bool is_octal(char c) {
    return c >= '0' && c <= '7';
}

std::string unescape(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) &&
            is_octal(text[i + 2]) && is_octal(text[i + 3])) {
            out += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 +
                                     (text[i + 3] - '0'));
            i += 3;
        } else {
            out += text[i];
        }
    }
    return out;
}

bool has_option(std::string_view options, std::string_view wanted) {
    while (!options.empty()) {
        const auto end = options.find(',');
        if (options.substr(0, end) == wanted) return true;
        options.remove_prefix(end == std::string_view::npos ? options.size() : end + 1);
    }
    return false;
}

std::optional<Mount> parse_mount(std::string_view line) {
    // "ID PARENT MAJ:MIN ROOT POINT OPTIONS [optional fields] - TYPE SOURCE SUPER_OPTIONS"
    const auto dash = line.find(" - ");
    if (dash == std::string_view::npos) return std::nullopt;
    auto head = line.substr(0, dash);
    auto tail = line.substr(dash + 3);
    Mount mount;
    mount.id = next_number<int>(head).value_or(0);
    mount.parent = next_number<int>(head).value_or(0);
    mount.device_id = next_word(head);
    mount.root = unescape(next_word(head));
    mount.mount_point = unescape(next_word(head));
    const bool mounted_read_only = has_option(next_word(head), "ro");
    mount.type = unescape(next_word(tail));
    mount.source = unescape(next_word(tail));
    // The file system itself turns read-only at an error (errors=remount-ro), the mount does not.
    mount.read_only = mounted_read_only || has_option(next_word(tail), "ro");
    if (mount.mount_point.empty() || mount.type.empty()) return std::nullopt;
    return mount;
}

}  // namespace

std::vector<Mount> parse_mountinfo(std::string_view text) {
    std::vector<Mount> mounts;
    while (const auto line = next_line(text)) {
        if (auto mount = parse_mount(*line)) mounts.push_back(std::move(*mount));
    }
    return mounts;
}

}  // namespace chorus::agent
