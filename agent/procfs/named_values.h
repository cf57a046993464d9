// Files of names and numbers: /proc/vmstat, /proc/net/snmp, /proc/net/netstat, /proc/net/sockstat.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace chorus::agent {

// One wanted number. `group` is the line's first word, empty in files without groups.
struct ValueName {
    std::string_view group;
    std::string_view name;
};

// "pgfault 123" a line. Gives values[i] for names[i]; what is not there stays as it was.
void parse_name_value_lines(std::string_view text, std::span<const ValueName> names,
                            std::span<std::optional<std::uint64_t>> values);

// A line of names and then a line of values, both beginning with their group: "Tcp: InErrs ...".
// Columns differ from kernel to kernel, so they are found by name. Negative values (MaxConn) are
// left out.
void parse_header_value_lines(std::string_view text, std::span<const ValueName> names,
                              std::span<std::optional<std::uint64_t>> values);

// "TCP: inuse 5 orphan 0" a line: names and values in turn after the group.
void parse_group_lines(std::string_view text, std::span<const ValueName> names,
                       std::span<std::optional<std::uint64_t>> values);

}  // namespace chorus::agent
