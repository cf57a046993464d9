// Process tables of one host that follow one another, packed by process.
//
// A block holds what the tables of at most a clock hour have, so that the processes of a moment are
// one row of the database. Within it the figures of a process lie side by side: they seldom change,
// and few bytes have to be read for one process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/sealed/processes/process_figures.h"
#include "common/timestamp.h"

namespace chorus::store {

// What a process table says beside its processes.
struct TableHead {
    Timestamp time{};
    std::chrono::microseconds delay{};  // from its time to its receipt
    std::int32_t scanned = 0;
    std::optional<std::int64_t> memory_total_bytes;
    std::optional<std::int32_t> other_count;
    std::optional<double> other_cpu_percent;
    std::optional<std::int64_t> other_rss_bytes;

    bool operator==(const TableHead&) const = default;
};

struct StoredTable {
    TableHead head;
    // Equally long, in the order the agent sent them. The first figure is the place, from 1.
    std::vector<std::int64_t> refs;  // process_ref
    std::vector<ProcessFigures> figures;

    bool operator==(const StoredTable&) const = default;
};

// A process in neighbouring tables of a block. One that vanishes and comes again has two runs.
struct ProcessRun {
    std::int64_t ref = 0;
    std::uint32_t first = 0;   // number of the table, from 0
    std::uint32_t tables = 0;  // how many
    std::string_view bytes;    // of the block's body

    bool has(std::size_t table) const { return table >= first && table - first < tables; }
};

struct ProcessBlock {
    std::vector<TableHead> heads;  // in order of time
    // Of each figure, what most processes have all the time. Fewer than there are columns now if
    // it was packed before some were added; these are unknown then.
    std::vector<std::int64_t> common;
    std::vector<std::int64_t> refs;                  // in order; equally long are the next three
    std::vector<std::int32_t> firsts, tables, ends;  // where each run's bytes end in `body`
    std::string body;

    std::size_t runs() const { return refs.size(); }
    std::size_t samples() const;
    // Throws std::runtime_error if what it says of the run does not fit together.
    ProcessRun run(std::size_t number) const;
};

// Reads the figures of one run. Throws std::runtime_error if it is damaged.
class RunReader {
  public:
    // Both must live as long as this.
    RunReader(const ProcessRun& run, std::span<const std::int64_t> common);
    std::int64_t figure(std::size_t figure, std::size_t table) const;
    ProcessFigures figures(std::size_t table) const;

  private:
    const std::uint32_t first_;
    std::span<const std::int64_t> common_;
    std::array<std::optional<PackedFigures>, kProcessFigureCount> own_;
};

// At most so many processes of all tables are packed into one block, unless one table has more.
inline constexpr std::size_t kSamplesOfBlock = 1U << 17U;

// The tables must be in order of time, all of one clock hour. What it returns unpacks to the same.
ProcessBlock pack_tables(std::span<const StoredTable> tables);
// Throws std::runtime_error if the block is damaged.
std::vector<StoredTable> unpack_tables(const ProcessBlock& block);

}  // namespace chorus::store
