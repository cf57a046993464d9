#include "agent/procfs/named_values.h"

#include "agent/procfs/support/text_scan.h"

namespace chorus::agent {
namespace {

using Values = std::span<std::optional<std::uint64_t>>;

void keep(std::string_view group, std::string_view name, std::string_view number,
          std::span<const ValueName> names, Values values) {
    for (std::size_t i = 0; i < names.size(); ++i) {
        if (names[i].name != name || names[i].group != group) continue;
        values[i] = parse_number<std::uint64_t>(number);
        return;
    }
}

std::string_view group_of(std::string_view& line) {
    auto group = next_word(line);
    if (group.ends_with(':')) group.remove_suffix(1);
    return group;
}

}  // namespace

void parse_name_value_lines(std::string_view text, std::span<const ValueName> names,
                            Values values) {
    while (auto line = next_line(text)) {
        const auto name = next_word(*line);
        keep({}, name, next_word(*line), names, values);
    }
}

void parse_header_value_lines(std::string_view text, std::span<const ValueName> names,
                              Values values) {
    while (auto heads = next_line(text)) {
        auto numbers = next_line(text);
        if (!numbers) return;
        const auto group = group_of(*heads);
        if (group_of(*numbers) != group) return;
        for (auto name = next_word(*heads); !name.empty(); name = next_word(*heads)) {
            keep(group, name, next_word(*numbers), names, values);
        }
    }
}

void parse_group_lines(std::string_view text, std::span<const ValueName> names, Values values) {
    while (auto line = next_line(text)) {
        const auto group = group_of(*line);
        for (auto name = next_word(*line); !name.empty(); name = next_word(*line)) {
            keep(group, name, next_word(*line), names, values);
        }
    }
}

}  // namespace chorus::agent
