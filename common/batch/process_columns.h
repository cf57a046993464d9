// The columns of a process, each declared once. The JSON of a batch, its hash, the tables of the
// aggregator, the SQL that reads them and the answers of the API are derived from this table.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include "common/batch/batch.h"
#include "common/batch/batch_ranges.h"

namespace chorus {

enum class ColumnType { integer16, integer32, integer64, real, text, state };

// What is said of a column beside its member and its bounds.
struct ProcessColumnFacts {
    std::string_view name;          // in a batch, and elsewhere unless another one is given
    std::string_view meaning;       // with the unit
    std::string_view synonym = {};  // in a batch as well, as other tools call it
    bool needed = false;            // must be there and be known
    bool strict = false;  // a figure out of its bounds refuses the batch, instead of being unknown
    // Stays the same for a process's life: a column of the table `processes`, and part of its
    // digest. All others are arrays of `process_batches`.
    bool lifelong = false;
    // The column in the database. Figures of 64 bits have two: `stored` counts in units of
    // `stored_unit` bytes in 32 bits, `stored_wide` counts bytes.
    std::string_view stored = {};
    std::string_view stored_wide = {};
    std::int64_t stored_unit = 0;
    // Before the value in the hash of a batch, if it is known. 0: the value, known or not, is there
    // without a mark. That is for the columns of the first release.
    char mark = '\0';
    // In answers of the API and in the view process_metrics.
    bool shown = true;
    std::string_view shown_as = {};
    bool shown_in_mebibytes = false;
    bool for_operators = false;  // null for viewers
    ColumnType type{};           // of the stored value; made by column()

    constexpr std::string_view column() const { return stored.empty() ? name : stored; }
    constexpr std::string_view shown_name() const { return shown_as.empty() ? name : shown_as; }
};

template <typename Member, typename Bounds>
struct ProcessColumn : ProcessColumnFacts {
    Member ProcessSample::*member;
    Bounds bounds;  // of what is sent: IntegerRange, RealRange, TextBound or StateWords
};

namespace columns {

struct TextBound {
    std::size_t most_bytes;
};
struct StateWords {};  // those of to_string(ProcessState)

template <typename Member, typename Bounds>
constexpr ColumnType type_of(const Bounds& bounds) {
    if constexpr (std::is_same_v<Bounds, TextBound>) {
        return ColumnType::text;
    } else if constexpr (std::is_same_v<Bounds, StateWords>) {
        return ColumnType::state;
    } else if constexpr (std::is_same_v<Bounds, json_checks::RealRange>) {
        return ColumnType::real;
    } else if constexpr (std::is_same_v<Member, std::int64_t> ||
                         std::is_same_v<Member, std::optional<std::int64_t>>) {
        return ColumnType::integer64;
    } else {
        return bounds.least >= INT16_MIN && bounds.greatest <= INT16_MAX ? ColumnType::integer16
                                                                         : ColumnType::integer32;
    }
}

template <typename Member, typename Bounds>
constexpr ProcessColumn<Member, Bounds> column(Member ProcessSample::*member, Bounds bounds,
                                               ProcessColumnFacts facts) {
    facts.type = type_of<Member>(bounds);
    return {facts, member, bounds};
}

inline constexpr TextBound kLabel{limits::kLabelBytes};
inline constexpr std::int64_t kKibibyte = 1024, kSector = 512;

using P = ProcessSample;
using json_checks::kNatural31;
using json_checks::kNatural63;
using ranges::kCpuPercent;
using ranges::kPerSecond;

// In the order in which agents send them and hashes take them: new ones come last.
inline constexpr std::tuple kAll{
    column(&P::pid, ranges::kPid,
           {.name = "pid",
            .meaning = "process ID",
            .synonym = "process_id",
            .needed = true,
            .lifelong = true,
            .shown_as = "process_id"}),
    column(&P::start_ticks, kNatural63,
           {.name = "start_ticks",
            .meaning = "when it started, in clock ticks since boot",
            .needed = true,
            .lifelong = true,
            .shown = false}),
    column(&P::name, TextBound{limits::kProcessNameBytes},
           {.name = "name",
            .meaning = "name of the program",
            .synonym = "process_name",
            .needed = true,
            .lifelong = true,
            .shown_as = "process_name"}),
    column(&P::ppid, kNatural31,
           {.name = "ppid", .meaning = "process ID of its parent", .lifelong = true}),
    column(&P::state, StateWords{},
           {.name = "state",
            .meaning = "what it does, in psutil's words",
            .synonym = "status",
            .stored = "states",
            .shown_as = "status"}),
    column(&P::user, kLabel,
           {.name = "user",
            .meaning = "name of the user it runs as",
            .synonym = "username",
            .lifelong = true,
            .stored = "username",
            .shown_as = "username"}),
    column(&P::num_threads, kNatural31,
           {.name = "num_threads", .meaning = "threads", .synonym = "threads"}),
    column(&P::cpu_percent, kCpuPercent,
           {.name = "cpu_percent", .meaning = "CPU time, percent of one core", .strict = true}),
    column(&P::memory_rss_bytes, kNatural63,
           {.name = "memory_rss_bytes",
            .meaning = "resident set, bytes",
            .stored = "rss_kib",
            .stored_wide = "rss_bytes",
            .stored_unit = kKibibyte,
            .shown_as = "memory_mb",
            .shown_in_mebibytes = true}),
    column(&P::memory_percent, ranges::kPercent,
           {.name = "memory_percent",
            .meaning = "resident set, percent of the host's memory",
            .strict = true}),
    column(&P::disk_read_bytes, kNatural63,
           {.name = "disk_read_bytes",
            .meaning = "read from disks since it started, bytes",
            .stored = "read_sectors",
            .stored_wide = "read_bytes",
            .stored_unit = kSector}),
    column(&P::disk_write_bytes, kNatural63,
           {.name = "disk_write_bytes",
            .meaning = "written to disks since it started, bytes",
            .stored = "write_sectors",
            .stored_wide = "write_bytes",
            .stored_unit = kSector}),
    column(&P::fd_count, kNatural31, {.name = "fd_count", .meaning = "open file descriptors"}),
    column(&P::fd_limit, kNatural31,
           {.name = "fd_limit", .meaning = "soft limit of open files", .mark = 'l'}),
    column(&P::children_cpu_percent, kCpuPercent,
           {.name = "children_cpu_percent",
            .meaning = "CPU time of its children that ended, percent of one core",
            .mark = 'c'}),
    column(&P::memory_pss_bytes, kNatural63,
           {.name = "memory_pss_bytes",
            .meaning = "memory, shared pages in proportion, bytes",
            .stored = "pss_kib",
            .stored_wide = "pss_bytes",
            .stored_unit = kKibibyte,
            .mark = 'p',
            .shown_as = "memory_pss_mb",
            .shown_in_mebibytes = true}),
    column(&P::memory_swap_bytes, kNatural63,
           {.name = "memory_swap_bytes",
            .meaning = "swap, shared pages in proportion, bytes",
            .stored = "swap_kib",
            .stored_wide = "swap_bytes",
            .stored_unit = kKibibyte,
            .mark = 's',
            .shown_as = "memory_swap_mb",
            .shown_in_mebibytes = true}),
    column(&P::major_faults_per_sec, kPerSecond,
           {.name = "major_faults_per_sec",
            .meaning = "major page faults a second",
            .stored = "major_faults",
            .mark = 'f'}),
    column(&P::nice, ranges::kNice, {.name = "nice", .meaning = "niceness", .mark = 'n'}),
    column(&P::processor, ranges::kProcessor,
           {.name = "processor", .meaning = "CPU it ran on last", .mark = 'o'}),
    column(&P::io_wait_percent, kCpuPercent,
           {.name = "io_wait_percent",
            .meaning = "time it waited for a disk, percent",
            .stored = "io_wait",
            .mark = 'd'}),
    column(&P::cpu_wait_percent, kCpuPercent,
           {.name = "cpu_wait_percent",
            .meaning = "time its threads waited for a CPU, percent of one core",
            .stored = "cpu_wait",
            .mark = 'w'}),
    column(&P::voluntary_switches_per_sec, kPerSecond,
           {.name = "voluntary_switches_per_sec",
            .meaning = "times a second that its threads gave up the CPU",
            .stored = "voluntary_switches",
            .mark = 'v'}),
    column(&P::involuntary_switches_per_sec, kPerSecond,
           {.name = "involuntary_switches_per_sec",
            .meaning = "times a second that the CPU was taken from its threads",
            .stored = "involuntary_switches",
            .mark = 'i'}),
    column(&P::unit, kLabel, {.name = "unit", .meaning = "systemd unit", .lifelong = true}),
    column(&P::container_id, kLabel,
           {.name = "container_id", .meaning = "container", .lifelong = true}),
    column(&P::cmdline, TextBound{limits::kTextBytes},
           {.name = "cmdline",
            .meaning = "command line, redacted by the agent",
            .lifelong = true,
            .for_operators = true}),
};

}  // namespace columns

inline constexpr std::size_t kProcessColumnCount = std::tuple_size_v<decltype(columns::kAll)>;

template <std::size_t I>
constexpr auto process_column() {
    return std::get<I>(columns::kAll);
}

// Calls `visit.operator()<I>()` for each column in order. The column is then a constant, so that
// the compiler chooses what is done with it and the table itself is in no program.
template <typename Visit>
constexpr void for_each_process_column(Visit&& visit) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
        (visit.template operator()<I>(), ...);
    }
    (std::make_index_sequence<kProcessColumnCount>{});
}

// Of a name in a batch. A name that no column has does not compile.
consteval std::size_t process_column_index(std::string_view name) {
    std::size_t found = kProcessColumnCount;
    for_each_process_column([&]<std::size_t I>() {
        if (process_column<I>().name == name) found = I;
    });
    if (found == kProcessColumnCount) throw "no such column";
    return found;
}

// All columns without members and bounds, for what goes by names alone.
std::span<const ProcessColumnFacts> process_column_facts();

}  // namespace chorus
