#include "aggregator/history/fleet_series_reader.h"

#include <map>
#include <unordered_map>

#include "aggregator/history/chart_buckets.h"
#include "aggregator/sealed/history_plan.h"
#include "aggregator/sealed/history_reader.h"
#include "aggregator/sealed/history_snapshot.h"
#include "common/json_writer.h"

namespace chorus::store {
namespace {

using std::chrono::seconds;
using std::chrono::sys_days;

constexpr std::size_t kMostCompared = 10 * kMostBuckets;

// Besides, whether the range may reach into days that have moved: see series_reader.cpp.
constexpr Statement kFleetHosts{"fleet_hosts", R"sql(
SELECT host_id, hostname, coalesce(labels ->> $3, ''), $4 < now() - interval '24 hours'
FROM monitoring.hosts
WHERE hostname LIKE monitoring.glob_to_like($1)
  AND NOT EXISTS (SELECT FROM jsonb_array_elements($2) wanted WHERE NOT labels @> wanted)
)sql"};

constexpr Statement kFleetEntries{"fleet_entries", R"sql(
SELECT layout_id, position, metric_type, label, tags, unit
FROM monitoring.layout_entries
WHERE metric_type = ANY ($1) AND ($2::text IS NULL OR label = $2)
)sql"};

// The values are picked below the grouping: see summary_reader.cpp.
constexpr const char* kFleetBuckets = R"sql(
SELECT v.series, v."group", v.bucket, sum(v.value), count(v.value), min(v.value), max(v.value)
FROM (
    SELECT w.series, h."group", date_bin($3::interval, b.ts, '1970-01-01 00:00:00+00') AS bucket,
           b."values"[w.position] AS value
    FROM monitoring.system_batches b
    JOIN unnest($4::int[], $5::int[]) AS h (host_id, "group") ON h.host_id = b.host_id
    JOIN unnest($6::int[], $7::int[], $8::int[]) AS w (layout_id, position, series)
      ON w.layout_id = b.layout_id
    WHERE b.ts BETWEEN $1 AND $2
    OFFSET 0) v
WHERE v.value IS NOT NULL
GROUP BY v.series, v."group", v.bucket
LIMIT $9
)sql";

// An array of objects with one member each, as HostReader has them.
std::string labels_json(const FleetQuery& query) {
    JsonWriter out;
    out.begin_array();
    for (const auto& [name, value] : query.host_labels) {
        out.begin_object().field(name, value).end_object();
    }
    return out.end_array().take();
}

class Fleet {
  public:
    Fleet(Session& session, const FleetQuery& query) : session_(session), query_(query) {}
    SeriesAnswer read();

  private:
    bool read_hosts();
    // Of which the fewer are answered if only the `topk` greatest are asked for.
    std::size_t most_buckets() const { return query_.topk > 0 ? kMostCompared : kMostBuckets; }
    std::int32_t name_of(SeriesName name);
    std::size_t column_of(std::int32_t name, std::int32_t group);
    void add(std::int32_t name, std::int32_t group, std::int64_t bucket, const HourRollup& values);
    void read_stored();
    void read_moved(const std::vector<MovedDay>& days);
    void read_history(const HistoryPlan& plan);
    void read_values(const SealedHours& part);
    void add_values(const HostTimes& host, const std::vector<double>& values, std::int32_t name);

    Session& session_;
    const FleetQuery& query_;
    const AnswerTime time_;
    ChartBuckets buckets_;
    bool may_be_packed_ = false;

    HistorySeries wanted_;                     // hosts, and series once there is history to read
    std::vector<std::int32_t> group_of_host_;  // of wanted_.host_ids
    std::unordered_map<std::int32_t, std::int32_t> groups_;  // by host_id
    std::vector<std::string> group_names_;
    std::vector<SeriesName> names_;  // one for each metric and label
    std::map<std::pair<std::string, std::string>, std::int32_t> numbers_;   // of names_
    std::unordered_map<std::int32_t, std::int32_t> name_of_series_;         // by series_id
    std::map<std::pair<std::int32_t, std::int32_t>, std::size_t> columns_;  // by name and group
};

// False if there are none.
bool Fleet::read_hosts() {
    std::map<std::string, std::int32_t> numbers;
    for (const auto row : session_.execute(kFleetHosts, Parameters{}
                                                            .text(query_.host_glob)
                                                            .json(labels_json(query_))
                                                            .text(query_.group_label)
                                                            .timestamp(query_.start))) {
        std::string group;
        if (query_.group_by == GroupBy::host) group = row.text(1);
        if (query_.group_by == GroupBy::host_label) group = row.text(2);
        const auto [at, is_new] =
            numbers.try_emplace(group, static_cast<std::int32_t>(group_names_.size()));
        if (is_new) group_names_.push_back(group);
        wanted_.host_ids.push_back(row.int4(0));
        group_of_host_.push_back(at->second);
        groups_.emplace(row.int4(0), at->second);
        may_be_packed_ = row.boolean(3);
    }
    return !wanted_.host_ids.empty();
}

std::int32_t Fleet::name_of(SeriesName name) {
    const auto [at, is_new] = numbers_.try_emplace({name.metric_type, name.label},
                                                   static_cast<std::int32_t>(names_.size()));
    if (is_new) names_.push_back(std::move(name));
    return at->second;
}

std::size_t Fleet::column_of(std::int32_t name, std::int32_t group) {
    const auto [at, is_new] = columns_.try_emplace({name, group}, 0);
    if (!is_new) return at->second;
    if ((buckets_.columns() + 1) * buckets_.points() > most_buckets()) {
        throw TooManyBuckets("more than " + std::to_string(buckets_.columns()) + " series of " +
                             std::to_string(buckets_.points()) + " steps");
    }
    const auto& known = names_[static_cast<std::size_t>(name)];
    at->second = buckets_.column(known.metric_type, known.label,
                                 group_names_[static_cast<std::size_t>(group)]);
    buckets_[at->second].tags_json = known.tags_json;
    buckets_[at->second].unit = known.unit;
    return at->second;
}

void Fleet::add(std::int32_t name, std::int32_t group, std::int64_t bucket,
                const HourRollup& values) {
    buckets_.add(column_of(name, group), bucket, values);
}

void Fleet::read_stored() {
    std::vector<std::int32_t> layouts, positions, names;
    for (const auto row : session_.execute(
             kFleetEntries,
             Parameters{}.text_array(std::span{query_.metric_types}).text(query_.label))) {
        layouts.push_back(row.int4(0));
        positions.push_back(row.int4(1));
        names.push_back(name_of({0, std::string{row.text(2)}, std::string{row.text(3)},
                                 std::string{row.text(5)}, std::string{row.text(4)}}));
    }
    if (layouts.empty()) return;
    time_.check();
    // One more than may be, so that too many are found out.
    const auto most = static_cast<std::int64_t>(most_buckets() + 1);
    for (const auto row :
         session_.execute_once(kFleetBuckets, Parameters{}
                                                  .timestamp(query_.start)
                                                  .timestamp(query_.end)
                                                  .interval(seconds{buckets_.step_seconds()})
                                                  .int4_array(std::span{wanted_.host_ids})
                                                  .int4_array(std::span{group_of_host_})
                                                  .int4_array(std::span{layouts})
                                                  .int4_array(std::span{positions})
                                                  .int4_array(std::span{names})
                                                  .int8(most))) {
        add(row.int4(0), row.int4(1), buckets_.bucket_of(row.timestamp(2)),
            {row.float8(5), row.float8(6), row.float8(3), row.int8(4)});
    }
}

void Fleet::read_history(const HistoryPlan& plan) {
    read_history_days(
        session_, wanted_, plan.by_day, time_,
        [&](std::int32_t host, std::int32_t series, sys_days day, const HourRollup& values) {
            add(name_of_series_.at(series), groups_.at(host), buckets_.bucket_of(day), values);
        });
    read_history_hours(
        session_, wanted_, plan.by_hour, time_,
        [&](std::int32_t host, std::int32_t series, sys_days day, const DayOfHours& hours) {
            const auto column = column_of(name_of_series_.at(series), groups_.at(host));
            for_hours(plan, day, hours, [&](Timestamp begin, const HourRollup& hour) {
                buckets_.add(column, buckets_.bucket_of(begin), hour);
            });
        });
}

// The times and values of batches, from the first batch of the part on.
void Fleet::add_values(const HostTimes& host, const std::vector<double>& values,
                       std::int32_t name) {
    const auto column = column_of(name, groups_.at(host.host_id));
    for (std::size_t i = 0; i < values.size(); ++i) {
        const auto time = host.times.at(i);
        const double value = values[i];
        if (value != value || time < query_.start || time > query_.end) continue;
        buckets_.add(column, buckets_.bucket_of(time), {value, value, value, 1});
    }
}

void Fleet::read_values(const SealedHours& part) {
    time_.check();
    const auto hosts = read_sealed_times(session_, part, wanted_.host_ids);
    std::vector<SeriesOfDay> series;
    std::vector<const HostTimes*> host_of;
    for (const auto& host : hosts) {
        for (const auto id : wanted_.series_ids) {
            series.push_back({host.host_id, part.day, id, host.starts.back()});
            host_of.push_back(&host);
        }
    }
    std::vector<double> values;
    read_packed_series(session_, series,
                       [&](std::size_t n, const HourStarts& starts, const PackedSeries& packed) {
                           values.clear();
                           unpack_hours(packed, starts, part.first, part.last, values);
                           add_values(*host_of[n], values, name_of_series_.at(series[n].series_id));
                       });
}

void Fleet::read_moved(const std::vector<MovedDay>& days) {
    for (auto& name : find_series(session_, query_.metric_types, query_.label)) {
        const auto id = name.series_id;
        wanted_.series_ids.push_back(id);
        name_of_series_.emplace(id, name_of(std::move(name)));
    }
    if (wanted_.series_ids.empty()) return;
    const auto plan =
        plan_history(days, {query_.start, query_.end, seconds{buckets_.step_seconds()}});
    read_history(plan);
    for (const auto& part : plan.by_value) read_values(part);
}

SeriesAnswer Fleet::read() {
    const bool any = read_hosts();
    std::optional<HistorySnapshot> snapshot;
    std::vector<MovedDay> days;
    if (any && may_be_packed_) {
        snapshot.emplace(session_);
        days = find_moved_days(session_, query_.start, query_.end);
    }
    const auto tier = tier_of(days);
    buckets_.set_steps(
        query_.start, query_.end,
        step_seconds(query_.start, query_.end, query_.max_points, least_step(tier).count()));
    if (!days.empty()) read_moved(days);
    if (any) read_stored();
    auto answer = buckets_.finish(query_.topk);
    if (answer.series.size() * answer.times.size() > kMostBuckets) {
        throw TooManyBuckets(std::to_string(answer.series.size()) + " series of " +
                             std::to_string(answer.times.size()) + " steps");
    }
    answer.tier = tier;
    return answer;
}

}  // namespace

SeriesAnswer FleetSeriesReader::read(const FleetQuery& query) const {
    return database_.read([&](Session& session) { return Fleet{session, query}.read(); });
}

}  // namespace chorus::store
