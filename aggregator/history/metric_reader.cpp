#include "aggregator/history/metric_reader.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "aggregator/history/direction.h"
#include "aggregator/history/sample_id.h"
#include "aggregator/history/sealed_metrics.h"
#include "aggregator/sealed/history_snapshot.h"
#include "aggregator/sealed/sealed_reader.h"
#include "common/json_writer.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

constexpr std::int64_t kLateRowsAtATime = 1'000;

// Planned anew for each call with the values known, so that a condition that is switched off by
// NULL costs nothing, the others reach the primary key (with a host) or the index on ts (without
// one), and only the partitions of the time range are opened. Rows come in the index's order, so
// LIMIT ends the scan.
constexpr std::string_view kFindMetrics = R"sql(
SELECT b.ts, b.received_at, b.host_id, h.hostname, e.position, e.metric_type,
       b."values"[e.position], e.unit, e.label, e.tags
FROM monitoring.system_batches b
JOIN monitoring.hosts h ON h.host_id = b.host_id
JOIN monitoring.layout_entries e ON e.layout_id = b.layout_id
WHERE ($1::int IS NULL OR b.host_id = $1)
  AND b.ts BETWEEN $2 AND $3
  AND ($4::text IS NULL OR e.metric_type = $4)
  AND ($5::jsonb IS NULL OR e.tags @> $5)
  AND ($6::timestamptz IS NULL OR (b.ts, b.host_id, e.position) @BEHIND@ ($6, $7::int, $8::int))
  AND b."values"[e.position] IS NOT NULL
ORDER BY b.ts @DIRECTION@, b.host_id @DIRECTION@, e.position @DIRECTION@
LIMIT $9 OFFSET $10
)sql";

constexpr const char* kCountMetrics = R"sql(
SELECT count(*)
FROM monitoring.system_batches b
JOIN monitoring.layout_entries e ON e.layout_id = b.layout_id
WHERE ($1::int IS NULL OR b.host_id = $1)
  AND b.ts BETWEEN $2 AND $3
  AND ($4::text IS NULL OR e.metric_type = $4)
  AND ($5::jsonb IS NULL OR e.tags @> $5)
  AND b."values"[e.position] IS NOT NULL
)sql";

constexpr Statement kMetricHostId{"metric_host_id", R"sql(
SELECT host_id FROM monitoring.hosts WHERE hostname = $1
)sql"};

// Whether any layout can answer; without this a misspelt name would scan every batch.
constexpr const char* kAnyEntry = R"sql(
SELECT EXISTS (
    SELECT FROM monitoring.layout_entries e
    WHERE ($1::text IS NULL OR e.metric_type = $1) AND ($2::jsonb IS NULL OR e.tags @> $2))
)sql";

std::optional<std::string> tags_filter(const MetricQuery& query) {
    if (query.tags.empty()) return std::nullopt;
    JsonWriter json;
    json.begin_object();
    for (const auto& [key, value] : query.tags) json.field(key, value);
    json.end_object();
    return json.take();
}

// nullopt: nothing can match.
std::optional<MetricFilter> filter_of(Session& session, const MetricQuery& query) {
    MetricFilter filter;
    filter.tags_json = tags_filter(query);
    filter.metric_type = query.metric_type;
    filter.ascending = query.ascending;
    filter.after = query.after;
    if (query.hostname) {
        const auto hosts = session.execute(kMetricHostId, Parameters{}.text(*query.hostname));
        if (hosts.empty()) return std::nullopt;
        filter.host_id = hosts[0].int4(0);
    }
    if (query.metric_type || filter.tags_json) {
        const auto any = session.execute_once(
            kAnyEntry, Parameters{}.text(query.metric_type).json(filter.tags_json));
        if (!any[0].boolean(0)) return std::nullopt;
    }
    filter.start = query.start.value_or(Timestamp::min());
    filter.end = query.end.value_or(Timestamp::max());
    if (query.after) {
        auto& bound = query.ascending ? filter.start : filter.end;
        bound = query.ascending ? std::max(bound, query.after->time)
                                : std::min(bound, query.after->time);
    }
    return filter;
}

// The parameters that find and count share.
Parameters parameters_of(const MetricFilter& filter) {
    Parameters parameters;
    parameters.int4(filter.host_id)
        .timestamp(filter.start)
        .timestamp(filter.end)
        .text(filter.metric_type)
        .json(filter.tags_json);
    return parameters;
}

MetricRow row_of(const Row& row) {
    MetricRow out;
    out.time = row.timestamp(0);
    out.created_at = row.timestamp(1);
    out.cursor = {out.time, row.int4(2), row.int4(4)};
    out.hostname = row.text(3);
    out.metric_type = row.text(5);
    out.value = row.float8(6);
    out.unit = row.text(7);
    out.label = row.text(8);
    out.tags_json = row.text(9);
    return out;
}

std::vector<MetricRow> read_stored(Session& session, const MetricFilter& filter, std::int64_t limit,
                                   std::int64_t offset) {
    auto parameters = parameters_of(filter);
    add_cursor(parameters, filter.after);
    parameters.int8(limit).int8(offset);
    std::vector<MetricRow> rows;
    for (const auto row :
         session.execute_once(with_direction(kFindMetrics, filter.ascending), parameters)) {
        rows.push_back(row_of(row));
    }
    return rows;
}

// How many rows there are, up to `most`.
std::int64_t count_stored(Session& session, const MetricFilter& filter, std::int64_t most) {
    auto parameters = parameters_of(filter);
    add_cursor(parameters, filter.after);
    parameters.int8(most).int8(0);
    return session
        .execute_once(
            "SELECT count(*) FROM (" + with_direction(kFindMetrics, filter.ascending) + ") f",
            parameters)[0]
        .int8(0);
}

// A stretch of time without a day that has moved, or of such days in a row.
struct Stretch {
    Timestamp start, end;         // inclusive
    std::vector<sys_days> moved;  // in the order asked for
};

// Of the filter's range, in the order asked for. `moved` is in order of time.
std::vector<Stretch> stretches_of(const MetricFilter& filter, const std::vector<sys_days>& moved) {
    constexpr std::chrono::microseconds kTick{1};
    std::vector<Stretch> all;
    Timestamp at = filter.start;
    for (auto day = moved.begin(); day != moved.end();) {
        if (Timestamp{*day} > at) all.push_back({at, Timestamp{*day} - kTick, {}});
        Stretch stretch{std::max(at, Timestamp{*day}), {}, {*day}};
        while (++day != moved.end() && *day == stretch.moved.back() + days{1}) {
            stretch.moved.push_back(*day);
        }
        at = Timestamp{stretch.moved.back() + days{1}};
        stretch.end = std::min(filter.end, at - kTick);
        all.push_back(std::move(stretch));
    }
    if (at <= filter.end) all.push_back({at, filter.end, {}});
    if (filter.ascending) return all;
    std::ranges::reverse(all);
    for (auto& stretch : all) std::ranges::reverse(stretch.moved);
    return all;
}

// Rows of system_batches, in order, some at a time.
class StoredRows {
  public:
    StoredRows(Session& session, const MetricFilter& filter, std::int64_t rows)
        : session_(session), filter_(filter), at_once_(std::min(rows, kLateRowsAtATime)) {}

    // nullptr: there is none.
    MetricRow* head() {
        if (next_ == rows_.size() && !done_) {
            rows_ = read_stored(session_, filter_, at_once_, 0);
            next_ = 0;
            done_ = static_cast<std::int64_t>(rows_.size()) < at_once_;
            if (!rows_.empty()) filter_.after = rows_.back().cursor;
        }
        return next_ == rows_.size() ? nullptr : &rows_[next_];
    }
    void pop() { ++next_; }

  private:
    Session& session_;
    MetricFilter filter_;
    const std::int64_t at_once_;
    std::vector<MetricRow> rows_;
    std::size_t next_ = 0;
    bool done_ = false;
};

// Fills one page.
class Page {
  public:
    Page(Session& session, const MetricFilter& filter, std::int64_t limit, std::int64_t offset)
        : session_(session),
          filter_(filter),
          limit_(static_cast<std::size_t>(limit)),
          offset_(offset) {}

    std::vector<MetricRow> read();

  private:
    std::int64_t missing() const { return static_cast<std::int64_t>(limit_ - rows_.size()); }
    void take_stored(const MetricFilter& part);
    void take_merged(const MetricFilter& part, const std::vector<sys_days>& moved);
    void take(MetricRow&& row) {
        if (offset_ > 0) {
            --offset_;
        } else {
            rows_.push_back(std::move(row));
        }
    }

    Session& session_;
    const MetricFilter& filter_;
    const std::size_t limit_;
    std::int64_t offset_;  // rows that are still to be left out
    std::vector<MetricRow> rows_;
};

void Page::take_stored(const MetricFilter& part) {
    auto more = read_stored(session_, part, missing(), offset_);
    if (!more.empty()) {
        offset_ = 0;
    } else if (offset_ > 0) {
        offset_ -= count_stored(session_, part, offset_);
    }
    std::ranges::move(more, std::back_inserter(rows_));
}

void Page::take_merged(const MetricFilter& part, const std::vector<sys_days>& moved) {
    StoredRows stored{session_, part, missing() + offset_};
    SealedMetrics sealed{session_, part, moved, missing() + offset_};
    const auto precedes = [&](const auto& a, const auto& b) {
        return part.ascending ? a < b : b < a;
    };
    const auto key = [](const SampleCursor& at) {
        return std::tuple{at.time, at.host_id, at.position};
    };
    while (rows_.size() < limit_) {
        auto* const late = stored.head();
        if (late != nullptr && precedes(late->time, sealed.bound())) {
            take(std::move(*late));
            stored.pop();
            continue;
        }
        const auto packed = sealed.head();
        if (packed && (late == nullptr || precedes(key(*packed), key(late->cursor)))) {
            take(sealed.row());
            sealed.pop();
        } else if (late != nullptr) {
            take(std::move(*late));
            stored.pop();
        } else {
            return;
        }
    }
}

std::vector<MetricRow> Page::read() {
    const auto moved = find_sealed_days(session_, filter_.start, filter_.end);
    for (const auto& stretch : stretches_of(filter_, moved)) {
        if (rows_.size() == limit_) break;
        auto part = filter_;
        part.start = stretch.start;
        part.end = stretch.end;
        if (stretch.moved.empty()) {
            take_stored(part);
        } else {
            take_merged(part, stretch.moved);
        }
    }
    for (auto& row : rows_) {
        row.id = sample_id(row.time, row.cursor.host_id, SampleKind::system, row.cursor.position);
    }
    return std::move(rows_);
}

}  // namespace

std::vector<MetricRow> MetricReader::find(const MetricQuery& query) const {
    return database_.read([&](Session& session) {
        const HistorySnapshot snapshot{session};
        const auto filter = filter_of(session, query);
        if (!filter || filter->start > filter->end) return std::vector<MetricRow>{};
        return Page{session, *filter, query.limit, query.offset}.read();
    });
}

std::int64_t MetricReader::count(const MetricQuery& query) const {
    return database_.read([&](Session& session) -> std::int64_t {
        const HistorySnapshot snapshot{session};
        auto unpaged = query;
        unpaged.after.reset();
        const auto filter = filter_of(session, unpaged);
        if (!filter) return 0;
        const auto moved = find_sealed_days(session, filter->start, filter->end);
        return session.execute_once(kCountMetrics, parameters_of(*filter))[0].int8(0) +
               count_sealed_metrics(session, *filter, moved);
    });
}

}  // namespace chorus::store
