#include "aggregator/sealed/whole_days.h"

#include <algorithm>
#include <set>
#include <string>
#include <string_view>

#include "aggregator/sealed/damage.h"

namespace chorus::store {
namespace {

using std::chrono::sys_days;

constexpr std::size_t kSumsAtATime = 20'000;

constexpr Statement kCountHostsOfSums{"whole_days_count_hosts",
                                      "SELECT count(*) FROM monitoring.hosts"};

// All planned anew for each call, so that only the partitions of these days are looked at. Of plain
// series the rows do not tell the sums.
constexpr std::string_view kWholeDays = R"sql(
SELECT s.host_id, s.series_id,
       min((s.low * s.multiplier)::double precision / s.divisor) FILTER (WHERE s.is_sound),
       max((s.high * s.multiplier)::double precision / s.divisor) FILTER (WHERE s.is_sound),
       sum(s.sum) FILTER (WHERE s.is_sound), sum(s.count) FILTER (WHERE s.is_sound),
       bool_or(s.low IS NULL), bool_or(NOT s.is_sound)
FROM (
    SELECT s.host_id, s.series_id, s.multiplier, s.divisor, s.low, s.high, s.sum, s.count,
           @SOUND@ AS is_sound
    FROM monitoring.sealed_series s
    WHERE s.day = ANY ($1) AND ($2::int IS NULL OR s.host_id = $2) AND s.series_id = ANY ($3)
      AND (s.day, s.host_id) NOT IN (SELECT * FROM unnest($4::date[], $5::int[]))
    OFFSET 0) s
GROUP BY s.host_id, s.series_id
)sql";
constexpr std::string_view kDamagedOfDays = R"sql(
SELECT s.day, s.host_id, s.series_id
FROM monitoring.sealed_series s
WHERE s.day = ANY ($1) AND ($2::int IS NULL OR s.host_id = $2) AND s.series_id = ANY ($3)
  AND (s.day, s.host_id) NOT IN (SELECT * FROM unnest($4::date[], $5::int[]))
  AND NOT (@SOUND@)
)sql";
// What can be told without the hours and values; NULL of plain series. Packed numbers are below
// 2^51 (see series_codec.cpp), so that no product passes 64 bits.
constexpr std::string_view kIsSoundDay =
    "CASE WHEN s.low IS NOT NULL THEN s.multiplier >= 1 AND s.divisor >= 1 AND s.low <= s.high AND "
    "s.count >= 0"
    " AND greatest(abs(s.low::double precision), abs(s.high::double precision)) * s.multiplier"
    " < 4503599627370496 END";

std::string with_soundness(std::string_view statement) {
    constexpr std::string_view kMark = "@SOUND@";
    std::string text{statement};
    return text.replace(text.find(kMark), kMark.size(), kIsSoundDay);
}

constexpr const char* kPlainOfDay = R"sql(
SELECT s.host_id, s.series_id, s.plain
FROM monitoring.sealed_series s
WHERE s.day = $1 AND ($2::int IS NULL OR s.host_id = $2) AND s.series_id = $3 AND s.low IS NULL
  AND s.host_id <> ALL ($4)
)sql";

void tell_damage(Session& session, const Parameters& key) {
    for (const auto row : session.execute_once(with_soundness(kDamagedOfDays), key)) {
        handle_damage(session, {row.int4(1), row.date(0), row.int4(2)}, OnDamage::skip);
    }
}

void read_plain(Session& session, const WholeDays& wanted, sys_days day, std::int32_t series_id,
                const TakeSum& take) {
    const auto found = wanted.left_out.find(day);
    const auto left_out =
        found == wanted.left_out.end() ? std::vector<std::int32_t>{} : found->second;
    for (const auto row : session.execute_once(
             kPlainOfDay, Parameters{}
                              .date(day)
                              .int4(wanted.host_id)
                              .int4(series_id)
                              .int4_array(std::span<const std::int32_t>{left_out}))) {
        if (row.is_null(2)) {
            handle_damage(session, {row.int4(0), day, series_id}, OnDamage::skip);
            continue;
        }
        HourRollup sum;
        for (const double value : row.float8_array(2)) {
            if (value == value) add(sum, {value, value, value, 1});
        }
        take(row.int4(0), series_id, sum);
    }
}

// What is wanted of some of the series.
Parameters key_of_sums(const WholeDays& wanted, std::span<const std::int32_t> series_ids) {
    std::vector<sys_days> days;
    std::vector<std::int32_t> hosts;
    for (const auto& [day, of_day] : wanted.left_out) {
        days.insert(days.end(), of_day.size(), day);
        hosts.insert(hosts.end(), of_day.begin(), of_day.end());
    }
    return Parameters{}
        .date_array(wanted.days)
        .int4(wanted.host_id)
        .int4_array(series_ids)
        .date_array(std::span<const sys_days>{days})
        .int4_array(std::span<const std::int32_t>{hosts});
}

}  // namespace

void read_whole_days(Session& session, const WholeDays& wanted, const AnswerTime& time,
                     const TakeSum& take) {
    if (wanted.days.empty()) return;
    std::set<std::int32_t> plain;
    const auto hosts = wanted.host_id ? 1 : session.execute(kCountHostsOfSums)[0].int8(0);
    const auto at_once =
        std::max<std::size_t>(1, kSumsAtATime / static_cast<std::size_t>(hosts + 1));
    for (std::size_t from = 0; from < wanted.series_ids.size(); from += at_once) {
        time.check();
        const auto key = key_of_sums(
            wanted,
            wanted.series_ids.subspan(from, std::min(at_once, wanted.series_ids.size() - from)));
        bool damaged = false;
        for (const auto row : session.execute_once(with_soundness(kWholeDays), key)) {
            if (row.boolean(6)) plain.insert(row.int4(1));
            damaged = damaged || (!row.is_null(7) && row.boolean(7));
            if (row.is_null(2)) continue;
            take(row.int4(0), row.int4(1),
                 {row.float8(2), row.float8(3), row.float8(4), row.int8(5)});
        }
        if (damaged) tell_damage(session, key);
    }
    for (const auto series_id : plain) {
        for (const auto day : wanted.days) {
            time.check();
            read_plain(session, wanted, day, series_id, take);
        }
    }
}

}  // namespace chorus::store
