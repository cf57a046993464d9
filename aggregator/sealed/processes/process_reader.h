// Reads packed process tables of days that have moved. To be called in a HistorySnapshot.
// Everything here throws DatabaseError. Damaged rows are left out, but where a reader asks for one
// host's table or process: then it throws DamagedRow.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "aggregator/postgres/session.h"
#include "aggregator/sealed/damage.h"
#include "aggregator/sealed/processes/process_block.h"
#include "common/timestamp.h"

namespace chorus::store {

// The days whose process tables have moved, of those that the range touches; both ends included. In
// order.
std::vector<std::chrono::sys_days> find_sealed_process_days(Session& session, Timestamp first,
                                                            Timestamp last);

struct BlockKey {
    std::int32_t host_id = 0;
    std::chrono::sys_days day;
    Timestamp first;  // of its first table

    auto operator<=>(const BlockKey&) const = default;
};

// The newest table at or before `last`, not older than `first`. nullopt: there is none.
struct FoundTable {
    ProcessBlock block;
    std::size_t table = 0;  // its number in the block
};
std::optional<FoundTable> find_newest_table(Session& session, std::int32_t host_id, Timestamp first,
                                            Timestamp last);
// The time of the newest table at or before `last`, of one host or of any.
std::optional<Timestamp> newest_sealed_table(Session& session, std::optional<std::int32_t> host_id,
                                             Timestamp last);

// What the tables of a block were, without their processes.
struct BlockHeads {
    BlockKey key;
    std::size_t samples = 0;  // processes of all tables
    std::vector<TableHead> heads;
};
// Blocks of one day that touch the range, both ends included, of one host or of all, in no order.
// With `refs`: only those that have one of these processes.
std::vector<BlockHeads> read_block_heads(Session& session, std::chrono::sys_days day,
                                         std::optional<std::int32_t> host_id, Timestamp first,
                                         Timestamp last,
                                         std::optional<std::span<const std::int64_t>> refs);

// `wanted` is an index. In no order, some MiB at a time.
using TakeBlock = std::function<void(std::size_t wanted, const ProcessBlock& block)>;
void read_process_blocks(Session& session, std::span<const BlockKey> wanted, const TakeBlock& take);

// The runs of some processes of one host in blocks that touch the range. Reads no bytes of other
// processes, and of the tables only what figures are judged by: that takes half of the time.
struct ProcessOfBlock {
    std::vector<Timestamp> times;            // of the block's tables
    std::vector<std::int64_t> memory_total;  // bytes, kUnknown where it is not known
    std::vector<std::int64_t> common;
    ProcessRun run;
};
using TakeRun = std::function<void(const ProcessOfBlock& process)>;
void read_process_runs(Session& session, std::int32_t host_id, std::span<const std::int64_t> refs,
                       Timestamp first, Timestamp last, OnDamage on_damage, const TakeRun& take);

}  // namespace chorus::store
