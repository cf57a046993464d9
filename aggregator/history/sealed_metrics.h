// Rows of GET /metrics/system out of the days that have moved.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/history/metric_reader.h"
#include "aggregator/postgres/session.h"
#include "aggregator/sealed/sealed_reader.h"
#include "common/timestamp.h"

namespace chorus::store {

// A MetricQuery as statements take it.
struct MetricFilter {
    std::optional<std::int32_t> host_id;
    Timestamp start;  // inclusive
    Timestamp end;    // inclusive
    std::optional<std::string> metric_type;
    std::optional<std::string> tags_json;
    bool ascending = false;
    std::optional<SampleCursor> after;

    // Who asks for one metric of one host is told that it is damaged.
    OnDamage on_damage() const { return host_id && metric_type ? OnDamage::fail : OnDamage::skip; }
};

// Gives the rows one after the other in the order asked for. First it chooses batches by their
// times. Then it decodes the series that the next rows are of, and only the hours in which they
// lie. To be used within one HistorySnapshot, for five seconds at most: then it throws the
// DatabaseError of a statement that takes too long. Leaves damaged rows out, or throws DamagedRow:
// see MetricFilter.
class SealedMetrics {
  public:
    // `filter` must outlive it. `days` are in the order asked for. About so many rows will be
    // taken.
    SealedMetrics(Session& session, const MetricFilter& filter,
                  std::vector<std::chrono::sys_days> days, std::int64_t rows);

    // The time that no later row lies before, in the order asked for. Reads nothing.
    Timestamp bound() const;
    // The key of the next row; nullopt: there is none.
    std::optional<SampleCursor> head();
    // There must be a next row.
    MetricRow row();
    void pop() { ++next_; }

  private:
    struct Batch {
        std::int32_t host_id = 0;
        std::string hostname;
        std::chrono::sys_days day;
        std::uint32_t number = 0;  // within the host's day, from 0
        std::uint32_t of_day = 0;  // batches of the host's day
        Timestamp time;
        Timestamp received;
        std::int32_t layout_id = 0;
    };
    struct Entry {
        std::int32_t position = 0;
        std::int32_t series_id = 0;
        std::string metric_type, unit, label, tags_json;
    };
    struct Value {
        const Batch* batch = nullptr;
        const Entry* entry = nullptr;
        double value = 0;
    };

    bool fill();
    bool read_batches();
    const std::vector<Entry>& entries_of(std::size_t batch);
    void choose();
    void read_values();
    bool is_before_page(const Batch& batch, const Entry& entry) const;
    void next_hours();

    Session& session_;
    const MetricFilter& filter_;
    const std::vector<std::chrono::sys_days> days_;
    const AnswerTime time_;
    std::size_t at_once_;  // values to decode at a time

    // Hours that are read next: of days_[day_], `hour_` counts in the order asked for.
    std::size_t day_ = 0;
    int hour_ = 0;
    int length_ = 1;
    std::optional<SampleCursor> last_;  // of the batches read; position is not used
    std::vector<Batch> batches_;
    std::size_t next_batch_ = 0;
    std::size_t next_entry_ = 0;                          // of that batch
    std::map<std::int32_t, std::vector<Entry>> entries_;  // by layout, in the order asked for
    std::vector<Value> values_;
    std::size_t next_ = 0;
};

// The number of rows of those days that the filter lets through, whatever its cursor. Hours that
// lie whole in the range are counted without a look at their values. Damaged rows as above.
std::int64_t count_sealed_metrics(Session& session, const MetricFilter& filter,
                                  const std::vector<std::chrono::sys_days>& days);

}  // namespace chorus::store
