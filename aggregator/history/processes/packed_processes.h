// Rows of GET /metrics/processes out of the days that have moved.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aggregator/history/processes/process_facts.h"
#include "aggregator/postgres/session.h"
#include "aggregator/sealed/processes/process_reader.h"
#include "aggregator/sealed/sealed_reader.h"

namespace chorus::store {

// How rows are ordered, and after which one they begin.
struct ProcessOrder {
    bool ascending = false;
    ProcessSort sort = ProcessSort::timestamp;  // of sort_key; rows come in order of time
    std::optional<SampleCursor> after;
};

// Gives the rows one after the other in the order of time asked for. First it chooses tables by
// their times, then it reads the blocks that the next rows are in. To be used within one
// HistorySnapshot, for five seconds at most: then it throws the DatabaseError of a statement that
// takes too long. Damaged rows are left out.
class PackedProcesses {
  public:
    // `filter` and `refs` must outlive it. `days` are in the order asked for. With `refs` only
    // these processes can pass the filter. About so many rows will be taken.
    PackedProcesses(Session& session, const ProcessFilter& filter,
                    std::optional<std::span<const std::int64_t>> refs, const ProcessOrder& order,
                    std::vector<std::chrono::sys_days> days, std::int64_t rows);

    // nullptr: there is none. Valid until the next call.
    ProcessRow* head();
    void pop() { ++next_; }
    // The time that no later row lies before, in the order asked for. Reads nothing.
    Timestamp bound() const;

  private:
    struct Table {
        Timestamp time;
        std::int32_t host_id = 0;
        std::size_t block = 0;  // of blocks_
        std::size_t number = 0;
    };

    void next_hours();
    bool read_tables();
    bool fill();
    void read_rows(std::size_t end);
    void take_block(const BlockHeads& heads, const ProcessBlock& block,
                    std::span<const std::size_t> numbers);
    bool is_wanted(const SampleCursor& cursor) const;
    const std::string* hostname(std::int32_t host_id);

    Session& session_;
    const ProcessFilter& filter_;
    const std::optional<std::span<const std::int64_t>> refs_;
    const ProcessOrder order_;
    const std::vector<std::chrono::sys_days> days_;
    const AnswerTime time_;
    std::size_t at_once_;  // rows to read at a time, about

    // Hours that are read next: of days_[day_], `hour_` counts in the order asked for.
    std::size_t day_ = 0;
    int hour_ = 0;
    int length_ = 1;
    std::vector<BlockHeads> blocks_;  // of the hours read last
    std::vector<Table> tables_;       // in the order asked for
    std::size_t next_table_ = 0;
    std::map<std::int32_t, std::optional<std::string>> hostnames_;
    ProcessFacts facts_;
    std::vector<ProcessRow> rows_;
    std::size_t next_ = 0;
};

// The rows of one table, in the order the agent sent them.
std::vector<ProcessRow> rows_of_table(Session& session, const FoundTable& table,
                                      const TablePlace& place);

// The number of rows of the days that have moved that the filter lets through.
std::int64_t count_packed_processes(Session& session, const ProcessFilter& filter);

}  // namespace chorus::store
