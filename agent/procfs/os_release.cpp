#include "agent/procfs/os_release.h"

#include "agent/procfs/support/text_scan.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

// The shell's quoting as far as os-release(5) permits it.
std::string unquote(std::string_view value) {
    value = trim(value);
    if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
        value.back() == value.front()) {
        value = value.substr(1, value.size() - 2);
    }
    std::string out;
    for (std::size_t i = 0; i < value.size(); ++i) {
        if (value[i] == '\\' && i + 1 < value.size()) ++i;
        out += value[i];
    }
    return out;
}

}  // namespace

std::string parse_os_release(std::string_view text) {
    std::string pretty, name;
    while (const auto line = next_line(text)) {
        if (line->starts_with("PRETTY_NAME=")) pretty = unquote(line->substr(12));
        if (line->starts_with("NAME=")) name = unquote(line->substr(5));
    }
    return pretty.empty() ? name : pretty;
}

}  // namespace chorus::agent
