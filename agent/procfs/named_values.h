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

// Lines such as "pgfault 123". Sets values[i] for names[i]. A name that is not there leaves its
// value as it was.
void parse_name_value_lines(std::string_view text, std::span<const ValueName> names,
                            std::span<std::optional<std::uint64_t>> values);

// A line of names and then a line of values. Both begin with their group: "Tcp: InErrs ...".
// Columns differ between kernels, so they are found by name. Negative values (MaxConn) are left
// out.
void parse_header_value_lines(std::string_view text, std::span<const ValueName> names,
                              std::span<std::optional<std::uint64_t>> values);

// Lines such as "TCP: inuse 5 orphan 0": names and values in turn after the group.
void parse_group_lines(std::string_view text, std::span<const ValueName> names,
                       std::span<std::optional<std::uint64_t>> values);

}  // namespace chorus::agent
