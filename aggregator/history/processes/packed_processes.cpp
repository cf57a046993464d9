#include "aggregator/history/processes/packed_processes.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace chorus::store {
namespace {

using std::chrono::hours;
using std::chrono::sys_days;

constexpr std::size_t kFewestRows = 256;
constexpr std::size_t kMostRows = 1U << 15U;  // at once; about 16 MiB of them

constexpr Statement kHostname{"packed_processes_host", R"sql(
SELECT hostname FROM monitoring.hosts WHERE host_id = $1
)sql"};

// Which of its block's tables lie in the range is counted; nothing is unpacked.
constexpr std::string_view kCountPacked = R"sql(
SELECT coalesce(sum(greatest(0, least(u.first + u.tables, t.until) - greatest(u.first, t.skipped))),
                0)::bigint
FROM monitoring.sealed_processes b
JOIN monitoring.sealed_process_days k ON k.day = b.day
JOIN monitoring.hosts h ON h.host_id = b.host_id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE ts < $2)::int AS skipped,
           count(*) FILTER (WHERE ts <= $3)::int AS until
    FROM unnest(b.times) AS ts) t
CROSS JOIN LATERAL unnest(b.refs, b.firsts, b.tables) AS u (ref, first, tables)
JOIN monitoring.processes p ON p.process_ref = u.ref
WHERE ($1::int IS NULL OR b.host_id = $1)
  AND b.day BETWEEN $9 AND $10 AND b.first_ts <= $3 AND b.last_ts >= $2
  AND ($4::text IS NULL OR p.name LIKE $4)
  AND ($5::int IS NULL OR p.pid = $5)
  AND ($6::text IS NULL OR p.username LIKE $6)
  AND ($7::text IS NULL OR p.unit LIKE $7)
  AND ($8::text IS NULL OR p.container_id LIKE $8)
)sql";

}  // namespace

PackedProcesses::PackedProcesses(Session& session, const ProcessFilter& filter,
                                 std::optional<std::span<const std::int64_t>> refs,
                                 const ProcessOrder& order, std::vector<sys_days> days,
                                 std::int64_t rows)
    : session_(session),
      filter_(filter),
      refs_(refs),
      order_(order),
      days_(std::move(days)),
      at_once_(static_cast<std::size_t>(
          std::clamp<std::int64_t>(rows, kFewestRows, static_cast<std::int64_t>(kMostRows)))) {
    next_hours();
}

// Leaves out hours that the range does not touch. Goes on to the next day at the end of one.
void PackedProcesses::next_hours() {
    for (; day_ < days_.size(); ++day_, hour_ = 0) {
        for (; hour_ < kHoursOfDay; ++hour_) {
            const int hour = order_.ascending ? hour_ : kHoursOfDay - 1 - hour_;
            const Timestamp from = Timestamp{days_[day_]} + hours{hour};
            if (from <= filter_.end && from + hours{1} > filter_.start) return;
        }
    }
}

Timestamp PackedProcesses::bound() const {
    if (next_ < rows_.size()) return rows_[next_].time;
    if (next_table_ < tables_.size()) return tables_[next_table_].time;
    if (day_ == days_.size()) return order_.ascending ? Timestamp::max() : Timestamp::min();
    const Timestamp day{days_[day_]};
    return order_.ascending ? day + hours{hour_} : day + hours{kHoursOfDay - hour_};
}

ProcessRow* PackedProcesses::head() {
    if (next_ == rows_.size() && !fill()) return nullptr;
    return &rows_[next_];
}

// The tables of the next hours; of more and more hours while there are none. False at the end.
bool PackedProcesses::read_tables() {
    blocks_.clear();
    tables_.clear();
    next_table_ = 0;
    while (tables_.empty()) {
        if (day_ == days_.size()) return false;
        time_.check();
        const int until = std::min(hour_ + length_, kHoursOfDay);
        const int first = order_.ascending ? hour_ : kHoursOfDay - until;
        const Timestamp day{days_[day_]};
        const auto from = std::max(filter_.start, day + hours{first});
        const auto to = std::min(filter_.end,
                                 day + hours{first + until - hour_} - std::chrono::microseconds{1});
        blocks_ = read_block_heads(session_, days_[day_], filter_.host_id, from, to, refs_);
        for (std::size_t b = 0; b < blocks_.size(); ++b) {
            const auto& heads = blocks_[b].heads;
            for (std::size_t t = 0; t < heads.size(); ++t) {
                if (heads[t].time < from || heads[t].time > to) continue;
                tables_.push_back({heads[t].time, blocks_[b].key.host_id, b, t});
            }
        }
        hour_ = until;
        length_ = std::min(2 * length_, kHoursOfDay);
        next_hours();
    }
    std::ranges::sort(tables_, [&](const Table& a, const Table& b) {
        const auto key = [](const Table& table) { return std::pair{table.time, table.host_id}; };
        return order_.ascending ? key(a) < key(b) : key(b) < key(a);
    });
    length_ = 1;
    return true;
}

// False at the end.
bool PackedProcesses::fill() {
    for (;;) {
        rows_.clear();
        next_ = 0;
        if (next_table_ == tables_.size() && !read_tables()) return false;
        time_.check();
        std::size_t rows = 0;
        auto end = next_table_;
        while (end < tables_.size() && (rows < at_once_ || end == next_table_)) {
            const auto& block = blocks_[tables_[end].block];
            rows += block.samples / block.heads.size() + 1;
            ++end;
        }
        read_rows(end);
        next_table_ = end;
        at_once_ = std::min(2 * at_once_, kMostRows);
        if (!rows_.empty()) return true;
    }
}

void PackedProcesses::read_rows(std::size_t end) {
    facts_.trim();
    std::map<std::size_t, std::vector<std::size_t>> numbers;  // of tables, by block
    for (auto i = next_table_; i < end; ++i) {
        numbers[tables_[i].block].push_back(tables_[i].number);
    }
    std::vector<BlockKey> keys;
    std::vector<std::size_t> blocks;
    for (const auto& [block, list] : numbers) {
        keys.push_back(blocks_[block].key);
        blocks.push_back(block);
    }
    read_process_blocks(session_, keys, [&](std::size_t wanted, const ProcessBlock& block) {
        take_block(blocks_[blocks[wanted]], block, numbers[blocks[wanted]]);
    });
    std::ranges::sort(rows_, [&](const ProcessRow& a, const ProcessRow& b) {
        const auto key = [](const ProcessRow& row) {
            return std::tuple{row.time, row.cursor.host_id, row.cursor.position};
        };
        return order_.ascending ? key(a) < key(b) : key(b) < key(a);
    });
}

void PackedProcesses::take_block(const BlockHeads& heads, const ProcessBlock& block,
                                 std::span<const std::size_t> numbers) {
    const auto* const name = hostname(heads.key.host_id);
    if (name == nullptr) return;
    const TablePlace place{heads.key.host_id, *name};
    std::vector<std::int64_t> refs;
    std::vector<std::size_t> runs;
    for (std::size_t r = 0; r < block.runs(); ++r) {
        const auto run = block.run(r);
        const bool wanted =
            (!refs_ || std::ranges::find(*refs_, run.ref) != refs_->end()) &&
            std::ranges::any_of(numbers, [&](std::size_t table) { return run.has(table); });
        if (!wanted) continue;
        runs.push_back(r);
        refs.push_back(run.ref);
    }
    facts_.load(session_, filter_, refs);
    for (const auto r : runs) {
        const auto run = block.run(r);
        const auto* const fact = facts_.find(run.ref);
        if (fact == nullptr) continue;
        const RunReader reader{run, block.common};
        for (const auto table : numbers) {
            if (!run.has(table)) continue;
            auto row = row_of_figures(*fact, reader.figures(table), block.heads.at(table), place,
                                      order_.sort);
            if (is_wanted(row.cursor)) rows_.push_back(std::move(row));
        }
    }
}

bool PackedProcesses::is_wanted(const SampleCursor& cursor) const {
    if (!order_.after) return true;
    const auto key = [](const SampleCursor& at) {
        return std::tuple{at.time, at.host_id, at.position};
    };
    return order_.ascending ? key(cursor) > key(*order_.after) : key(cursor) < key(*order_.after);
}

const std::string* PackedProcesses::hostname(std::int32_t host_id) {
    const auto [at, is_new] = hostnames_.try_emplace(host_id);
    if (is_new) {
        const auto rows = session_.execute(kHostname, Parameters{}.int4(host_id));
        if (!rows.empty()) at->second = rows[0].text(0);
    }
    return at->second ? &*at->second : nullptr;
}

std::vector<ProcessRow> rows_of_table(Session& session, const FoundTable& found,
                                      const TablePlace& place) {
    std::vector<ProcessRun> runs;
    std::vector<std::int64_t> refs;
    for (std::size_t r = 0; r < found.block.runs(); ++r) {
        const auto run = found.block.run(r);
        if (!run.has(found.table)) continue;
        runs.push_back(run);
        refs.push_back(run.ref);
    }
    ProcessFacts facts;
    facts.load(session, {}, refs);
    std::vector<ProcessRow> rows;
    for (const auto& run : runs) {
        const auto* const fact = facts.find(run.ref);
        if (fact == nullptr) continue;
        const RunReader reader{run, found.block.common};
        rows.push_back(row_of_figures(*fact, reader.figures(found.table),
                                      found.block.heads[found.table], place,
                                      ProcessSort::timestamp));
    }
    std::ranges::sort(rows, {}, [](const ProcessRow& row) { return row.cursor.position; });
    return rows;
}

std::int64_t count_packed_processes(Session& session, const ProcessFilter& filter) {
    const auto days = find_sealed_process_days(session, filter.start, filter.end);
    if (days.empty()) return 0;
    Parameters parameters;
    parameters.int4(filter.host_id).timestamp(filter.start).timestamp(filter.end);
    add_process_filters(parameters, filter);
    parameters.date(days.front()).date(days.back());
    return session.execute_once(std::string{kCountPacked}, parameters)[0].int8(0);
}

}  // namespace chorus::store
