#include "aggregator/sealed/host_day.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "aggregator/schema/lease.h"
#include "aggregator/sealed/history_writer.h"
#include "aggregator/sealed/hot_rows.h"
#include "aggregator/sealed/sealed_rows.h"
#include "aggregator/sealed/series_names.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

// If this program stands still, the server ends the transaction, so that it keeps nothing for ever.
// A slice is packed within seconds.
constexpr const char* kPackLimits =
    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s';"
    " SET LOCAL idle_in_transaction_session_timeout = '60s'";

constexpr Statement kMarks{"sealed_marks", R"sql(
SELECT marks FROM monitoring.late_days WHERE day = $1 AND host_id = $2
)sql"};

// Not if the writer has marked the day again meanwhile, nor if it is about to: nobody waits.
constexpr Statement kForgetLate{"sealed_forget_late", R"sql(
DELETE FROM monitoring.late_days
WHERE (day, host_id) IN (SELECT day, host_id FROM monitoring.late_days
                         WHERE day = $1 AND host_id = $2 AND marks = $3
                         FOR UPDATE SKIP LOCKED)
)sql"};

// Whoever removes the host waits until this transaction ends, and then finds its rows.
constexpr Statement kHoldHost{"sealed_hold_host", R"sql(
SELECT FROM monitoring.hosts WHERE host_id = $1 FOR KEY SHARE
)sql"};

constexpr Statement kPackedBatches{"sealed_packed_batches", R"sql(
SELECT times, delay_low, delays, hashes, layout_ids
FROM monitoring.sealed_batches WHERE day = $1 AND host_id = $2
)sql"};

constexpr Statement kPackedSeries{"sealed_packed_series", R"sql(
SELECT series_id, multiplier, divisor, low, high, sum, count, hours, counts, width, bits, plain
FROM monitoring.sealed_series
WHERE day = $1 AND host_id = $2 AND series_id = ANY ($3)
)sql"};

constexpr Statement kDropSeries{"sealed_drop_series", R"sql(
DELETE FROM monitoring.sealed_series WHERE day = $1 AND host_id = $2 AND series_id = ANY ($3)
)sql"};

constexpr Statement kDropBatches{"sealed_drop_batches", R"sql(
DELETE FROM monitoring.sealed_batches WHERE day = $1 AND host_id = $2
)sql"};

constexpr Statement kTakeRows{"sealed_take_rows", R"sql(
DELETE FROM monitoring.system_batches
WHERE host_id = $1 AND ts = ANY ($2) AND ts >= $3 AND ts < $4
)sql"};

class HostDay {
  public:
    HostDay(Session& session, std::int32_t host_id, sys_days day, Hot hot)
        : session_(session),
          host_id_(host_id),
          day_(day),
          hot_(hot),
          history_(session, host_id, day) {}

    PackedDay pack(std::size_t values_at_a_time);
    // False if the host is gone.
    bool finish(std::int64_t epoch);

  private:
    void read_batches_of_day(std::size_t most_values);
    void merge(SealedBatches packed, const SealedBatches& hot);
    void place_hot(std::vector<double>& values);
    void place_row(std::size_t row, std::span<const double> sent, std::vector<double>& values);
    void read_packed(std::span<const std::int32_t> series, std::vector<double>& values);
    void write_series(std::span<const std::int32_t> series, const std::vector<double>& values);
    void choose_columns(std::span<const std::int32_t> series);
    double& cell(std::vector<double>& values, std::uint32_t column, std::uint32_t batch) const {
        return values[std::size_t{column} * all_.times.size() + batch];
    }

    Session& session_;
    const std::int32_t host_id_;
    const sys_days day_;
    const Hot hot_;
    HistoryWriter history_;

    std::optional<std::int64_t> marks_;        // before anything else was read
    SealedBatches all_;                        // packed and hot ones, in order of time
    HourStarts hours_{};                       // of all_
    HourStarts packed_hours_{};                // of what was packed before
    std::vector<std::uint32_t> packed_place_;  // of each batch packed before, its place in all_
    HotRows hot_rows_;
    std::vector<std::uint32_t> hot_place_;  // of each hot row, its place in all_
    std::map<std::int32_t, LayoutSeries> layouts_;
    std::map<std::int32_t, std::uint32_t> column_;  // series_id to its column of the slice
    std::map<std::int32_t, std::vector<std::uint32_t>> columns_;  // the same for a layout's series
    PackedDay done_;
};

void append(SealedBatches& to, const SealedBatches& from, std::size_t i) {
    to.times.push_back(from.times[i]);
    to.delays.push_back(from.delays[i]);
    to.hashes.push_back(from.hashes[i]);
    to.layout_ids.push_back(from.layout_ids[i]);
}

constexpr std::uint32_t kNoColumn = UINT32_MAX;

// No two have the same time: the writer moves a batch whose time is taken.
void HostDay::merge(SealedBatches packed, const SealedBatches& hot) {
    packed_hours_ = hours_of(packed.times, day_);
    std::size_t p = 0, h = 0;
    while (p < packed.times.size() || h < hot.times.size()) {
        const auto place = static_cast<std::uint32_t>(all_.times.size());
        const bool from_hot =
            p == packed.times.size() || (h < hot.times.size() && hot.times[h] < packed.times[p]);
        if (from_hot) {
            append(all_, hot, h++);
            hot_place_.push_back(place);
        } else {
            append(all_, packed, p++);
            packed_place_.push_back(place);
        }
    }
    hours_ = hours_of(all_.times, day_);
}

void HostDay::read_batches_of_day(std::size_t most_values) {
    const auto marks = session_.execute(kMarks, Parameters{}.date(day_).int4(host_id_));
    if (!marks.empty()) marks_ = marks[0].int8(0);
    SealedBatches packed;
    if (hot_ == Hot::late) {
        const auto stored =
            session_.execute(kPackedBatches, Parameters{}.date(day_).int4(host_id_));
        if (!stored.empty()) packed = read_batches(stored[0], 0);
    }
    hot_rows_ = read_hot_rows(session_, host_id_, day_, most_values);
    merge(std::move(packed), hot_rows_.batches);
    const std::set<std::int32_t> ids(all_.layout_ids.begin(), all_.layout_ids.end());
    const std::vector<std::int32_t> list(ids.begin(), ids.end());
    layouts_ = series_of_layouts(session_, list, day_);
}

void HostDay::place_row(std::size_t row, std::span<const double> sent,
                        std::vector<double>& values) {
    const auto& columns = columns_[hot_rows_.batches.layout_ids[row]];
    for (std::size_t i = 0; i < std::min(sent.size(), columns.size()); ++i) {
        if (columns[i] != kNoColumn) cell(values, columns[i], hot_place_[row]) = sent[i];
    }
}

void HostDay::place_hot(std::vector<double>& values) {
    const auto place = [&](std::size_t row, std::span<const double> sent) {
        place_row(row, sent, values);
    };
    if (hot_rows_.has_values()) {
        hot_rows_.for_each(place);
    } else {
        read_hot_values(session_, host_id_, day_, hot_rows_.batches.times, place);
    }
}

void HostDay::read_packed(std::span<const std::int32_t> series, std::vector<double>& values) {
    if (packed_place_.empty()) return;
    std::vector<double> unpacked;
    for (const auto row : session_.execute(
             kPackedSeries, Parameters{}.date(day_).int4(host_id_).int4_array(series))) {
        unpacked.clear();
        unpack_hours(read_series(row, 1, packed_hours_), packed_hours_, 0, kHoursOfDay, unpacked);
        const auto column = column_.at(row.int4(0));
        for (std::size_t i = 0; i < unpacked.size(); ++i) {
            cell(values, column, packed_place_[i]) = unpacked[i];
        }
    }
}

void HostDay::choose_columns(std::span<const std::int32_t> series) {
    column_.clear();
    for (std::size_t i = 0; i < series.size(); ++i) {
        column_.emplace(series[i], static_cast<std::uint32_t>(i));
    }
    columns_.clear();
    for (const auto& [layout, ids] : layouts_) {
        auto& columns = columns_[layout];
        for (const auto id : ids) {
            const auto found = column_.find(id);
            columns.push_back(found == column_.end() ? kNoColumn : found->second);
        }
    }
}

// Packs first and then writes: during a COPY the server waits for this program without a limit.
void HostDay::write_series(std::span<const std::int32_t> series,
                           const std::vector<double>& values) {
    std::vector<Parameters> packed;
    const auto batches = all_.times.size();
    for (std::size_t i = 0; i < series.size(); ++i) {
        const std::span column{values.data() + i * batches, batches};
        if (std::ranges::none_of(column, [](double value) { return value == value; })) continue;
        const auto one = pack_series(column, hours_);
        packed.push_back(series_row(day_, host_id_, series[i], one, hours_));
        history_.add(series[i], one, hours_);
        ++done_.series;
        done_.samples += batches;
    }
    session_.execute(kDropSeries, Parameters{}.date(day_).int4(host_id_).int4_array(series));
    CopyIn rows{session_, kSeriesTarget};
    for (const auto& row : packed) rows.row(row);
    rows.finish();
    history_.flush();
}

PackedDay HostDay::pack(std::size_t values_at_a_time) {
    read_batches_of_day(values_at_a_time / 2);
    if (hot_rows_.batches.times.empty()) return done_;
    const auto batches = all_.times.size();
    std::set<std::int32_t> ids;
    for (const auto& [layout, list] : layouts_) ids.insert(list.begin(), list.end());
    ids.erase(0);
    const std::vector<std::int32_t> series(ids.begin(), ids.end());
    const auto room = values_at_a_time - hot_rows_.values.size();
    const auto slice = std::max<std::size_t>(1, room / batches);
    for (std::size_t from = 0; from < series.size(); from += slice) {
        const auto part = std::span{series}.subspan(from, std::min(slice, series.size() - from));
        choose_columns(part);
        std::vector<double> values(part.size() * batches, kNoSample);
        read_packed(part, values);
        place_hot(values);
        write_series(part, values);
    }
    session_.execute(kDropBatches, Parameters{}.date(day_).int4(host_id_));
    CopyIn row{session_, kBatchTarget};
    row.row(batch_row(day_, host_id_, all_, hours_));
    row.finish();
    history_.finish();
    if (hot_ == Hot::late) {
        session_.execute(kTakeRows,
                         Parameters{}
                             .int4(host_id_)
                             .timestamp_array(std::span<const Timestamp>{hot_rows_.batches.times})
                             .timestamp(Timestamp{day_})
                             .timestamp(Timestamp{day_ + days{1}}));
    }
    done_.batches = batches;
    return done_;
}

// What others wait for is taken here, just before COMMIT.
bool HostDay::finish(std::int64_t epoch) {
    if (session_.execute(kHoldHost, Parameters{}.int4(host_id_)).empty()) return false;
    hold_leadership(session_, epoch);
    if (marks_) {
        session_.execute(kForgetLate, Parameters{}.date(day_).int4(host_id_).int8(*marks_));
    }
    return true;
}

}  // namespace

std::optional<PackedDay> pack_host_day(Session& session, std::int64_t epoch, std::int32_t host_id,
                                       sys_days day, Hot hot, std::size_t values_at_a_time) {
    session.execute_script(kPackLimits);
    HostDay work{session, host_id, day, hot};
    const auto packed = work.pack(values_at_a_time);
    if (!work.finish(epoch)) return std::nullopt;
    return packed;
}

}  // namespace chorus::store
