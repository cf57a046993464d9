#include "aggregator/sealed/processes/process_day.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "aggregator/schema/lease.h"
#include "aggregator/sealed/processes/process_rows.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::sys_days;

// As in host_day.cpp. A block is packed within a second.
constexpr const char* kLimits =
    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s';"
    " SET LOCAL idle_in_transaction_session_timeout = '60s'";

constexpr Statement kMarks{"process_marks", R"sql(
SELECT marks FROM monitoring.late_process_days WHERE day = $1 AND host_id = $2
)sql"};

constexpr Statement kForgetLate{"process_forget_late", R"sql(
DELETE FROM monitoring.late_process_days
WHERE (day, host_id) IN (SELECT day, host_id FROM monitoring.late_process_days
                         WHERE day = $1 AND host_id = $2 AND marks = $3
                         FOR UPDATE SKIP LOCKED)
)sql"};

constexpr Statement kHoldHost{"process_hold_host", R"sql(
SELECT FROM monitoring.hosts WHERE host_id = $1 FOR KEY SHARE
)sql"};

constexpr Statement kBlockKeys{"process_block_keys", R"sql(
SELECT first_ts FROM monitoring.sealed_processes WHERE host_id = $1 AND day = $2
ORDER BY first_ts
)sql"};

// In two steps: RETURNING would need the row's columns after it is gone.
constexpr std::string_view kReadBlock = R"sql(
SELECT @COLUMNS@ FROM monitoring.sealed_processes b WHERE b.host_id = $1 AND b.day = $2 AND b.first_ts = $3
)sql";
constexpr Statement kDropBlock{"process_drop_block", R"sql(
DELETE FROM monitoring.sealed_processes WHERE host_id = $1 AND day = $2 AND first_ts = $3
)sql"};
constexpr Statement kDropBlocks{"process_drop_blocks", R"sql(
DELETE FROM monitoring.sealed_processes WHERE host_id = $1 AND day = $2
)sql"};

constexpr std::string_view kOpenCursor = R"sql(
DECLARE sealed_hot_tables NO SCROLL CURSOR FOR
SELECT @COLUMNS@
FROM monitoring.process_batches b
WHERE b.host_id = $1 AND b.ts >= $2 AND b.ts < $3
ORDER BY b.ts
)sql";
constexpr const char* kFetch = "FETCH 20 FROM sealed_hot_tables";

constexpr Statement kTakeRows{"process_take_rows", R"sql(
DELETE FROM monitoring.process_batches
WHERE host_id = $1 AND ts = ANY ($2) AND ts >= $3 AND ts < $4
)sql"};

// A block ends with its clock hour if it has so many tables; else it goes on in the next one.
constexpr std::size_t kFewTables = 60;

class ProcessDay {
  public:
    ProcessDay(Session& session, std::int32_t host_id, sys_days day, Hot hot)
        : session_(session), host_id_(host_id), day_(day), hot_(hot) {}

    PackedDay pack();
    // False if the host is gone.
    bool finish(std::int64_t epoch);

  private:
    Parameters range() const {
        return Parameters{}
            .int4(host_id_)
            .timestamp(Timestamp{day_})
            .timestamp(Timestamp{day_ + days{1}});
    }
    void find_blocks();
    void add_hot(StoredTable&& table);
    void open_block(Timestamp time);
    void add(StoredTable&& table);
    void add_packed_before(Timestamp time);
    void write();

    Session& session_;
    const std::int32_t host_id_;
    const sys_days day_;
    const Hot hot_;

    std::optional<std::int64_t> marks_;  // before anything else was read
    std::vector<Timestamp> blocks_;      // first_ts of those packed before, that stay
    std::optional<std::size_t> open_;    // of them, the one that is packed anew
    std::vector<StoredTable> packed_;    // what it had, in order of time
    std::size_t next_packed_ = 0;
    std::vector<StoredTable> tables_;  // of the block that is made
    std::size_t samples_ = 0;          // in them
    PackedDay done_;
};

void ProcessDay::find_blocks() {
    const auto marks = session_.execute(kMarks, Parameters{}.date(day_).int4(host_id_));
    if (!marks.empty()) marks_ = marks[0].int8(0);
    if (hot_ == Hot::whole_day) {
        session_.execute(kDropBlocks, Parameters{}.int4(host_id_).date(day_));
        return;
    }
    for (const auto row : session_.execute(kBlockKeys, Parameters{}.int4(host_id_).date(day_))) {
        blocks_.push_back(row.timestamp(0));
    }
}

void ProcessDay::write() {
    if (tables_.empty()) return;
    const auto block = pack_tables(tables_);
    done_.batches += tables_.size();
    done_.series += block.runs();
    done_.samples += samples_;
    tables_.clear();
    samples_ = 0;
    const auto row = block_row(host_id_, block);
    CopyIn rows{session_, kBlockTarget};
    rows.row(row);
    rows.finish();
}

void ProcessDay::add(StoredTable&& table) {
    if (!tables_.empty() && tables_.back().head.time < table.head.time) {
        const auto hour = std::chrono::floor<hours>(tables_.back().head.time);
        const bool next_hour = hour != std::chrono::floor<hours>(table.head.time);
        if (samples_ + table.refs.size() > kSamplesOfBlock ||
            (next_hour && tables_.size() >= kFewTables)) {
            write();
        }
    }
    samples_ += table.refs.size();
    tables_.push_back(std::move(table));
}

void ProcessDay::add_packed_before(Timestamp time) {
    while (next_packed_ < packed_.size() && packed_[next_packed_].head.time < time) {
        add(std::move(packed_[next_packed_++]));
    }
}

// The block into whose time a table falls, if that is another one than before.
void ProcessDay::open_block(Timestamp time) {
    if (blocks_.empty()) return;
    const auto behind = std::ranges::upper_bound(blocks_, time);
    const auto block =
        behind == blocks_.begin() ? 0 : static_cast<std::size_t>(behind - blocks_.begin()) - 1;
    if (open_ == block) return;
    add_packed_before(Timestamp::max());
    write();
    open_ = block;
    const auto key = Parameters{}.int4(host_id_).date(day_).timestamp(blocks_[block]);
    const auto stored = session_.execute_once(with_columns(kReadBlock, kBlockColumns), key);
    packed_ = stored.empty() ? std::vector<StoredTable>{} : unpack_tables(read_block(stored[0], 0));
    next_packed_ = 0;
    session_.execute(kDropBlock, key);
}

void ProcessDay::add_hot(StoredTable&& table) {
    open_block(table.head.time);
    add_packed_before(table.head.time);
    add(std::move(table));
}

PackedDay ProcessDay::pack() {
    find_blocks();
    std::vector<Timestamp> taken;
    session_.execute_once(with_columns(kOpenCursor, process_table_columns()), range());
    for (;;) {
        const auto rows = session_.execute_once(kFetch);
        if (rows.empty()) break;
        for (const auto row : rows) {
            auto table = read_table(row, 0);
            taken.push_back(table.head.time);
            add_hot(std::move(table));
        }
    }
    session_.execute_script("CLOSE sealed_hot_tables");
    add_packed_before(Timestamp::max());
    write();
    if (hot_ == Hot::late && !taken.empty()) {
        session_.execute(kTakeRows, Parameters{}
                                        .int4(host_id_)
                                        .timestamp_array(std::span<const Timestamp>{taken})
                                        .timestamp(Timestamp{day_})
                                        .timestamp(Timestamp{day_ + days{1}}));
    }
    return done_;
}

// What others wait for is taken here, just before COMMIT.
bool ProcessDay::finish(std::int64_t epoch) {
    if (session_.execute(kHoldHost, Parameters{}.int4(host_id_)).empty()) return false;
    hold_leadership(session_, epoch);
    if (marks_) {
        session_.execute(kForgetLate, Parameters{}.date(day_).int4(host_id_).int8(*marks_));
    }
    return true;
}

}  // namespace

std::optional<PackedDay> pack_process_day(Session& session, std::int64_t epoch,
                                          std::int32_t host_id, sys_days day, Hot hot) {
    session.execute_script(kLimits);
    ProcessDay work{session, host_id, day, hot};
    const auto packed = work.pack();
    if (!work.finish(epoch)) return std::nullopt;
    return packed;
}

}  // namespace chorus::store
