#include "aggregator/history/processes/process_sql.h"

#include <array>
#include <cmath>
#include <type_traits>

#include "aggregator/history/direction.h"
#include "aggregator/history/sample_id.h"
#include "aggregator/schema/process_values.h"
#include "common/batch/memory_share.h"
#include "common/batch/process_columns.h"

namespace chorus::store {
namespace {

// What there is beside the columns of a process.
constexpr std::string_view kFacts =
    "b.ts, b.received_at, b.host_id, h.hostname, u.position::int AS position,"
    " b.memory_total_bytes, p.started_at";

constexpr std::string_view kUnfolded = R"sql(
SELECT @FACTS@, @KEY@::float8 AS sort_key, @COLUMNS@
FROM monitoring.process_batches b
JOIN monitoring.hosts h ON h.host_id = b.host_id
CROSS JOIN LATERAL @ARRAYS@
JOIN monitoring.processes p ON p.process_ref = coalesce(b.ref_base + u.ref, u.ref_wide)
WHERE ($1::int IS NULL OR b.host_id = $1)
  AND b.ts BETWEEN $2 AND $3
  AND ($4::text IS NULL OR p.name LIKE $4)
  AND ($5::int IS NULL OR p.pid = $5)
  AND ($6::text IS NULL OR p.username LIKE $6)
  AND ($7::text IS NULL OR p.unit LIKE $7)
  AND ($8::text IS NULL OR p.container_id LIKE $8)
  AND ($9::timestamptz IS NULL OR (b.ts, b.host_id, u.position) @BEHIND@ ($9, $10::int, $11::int))
ORDER BY @SORT@b.ts @DIRECTION@, b.host_id @DIRECTION@, u.position @DIRECTION@
LIMIT $12 OFFSET $13
)sql";

constexpr std::string_view kPicked = R"sql(
SELECT @FACTS@, @KEY@::float8 AS sort_key, @COLUMNS@
FROM monitoring.process_batches b
JOIN monitoring.hosts h ON h.host_id = b.host_id
JOIN monitoring.processes p ON p.host_id = b.host_id AND p.process_ref = ANY ($14::bigint[])
CROSS JOIN LATERAL (
    SELECT coalesce(
        CASE WHEN p.process_ref - b.ref_base BETWEEN 0 AND 2147483647
             THEN array_position(b.refs, (p.process_ref - b.ref_base)::int) END,
        array_position(b.refs_wide, p.process_ref)) AS position) u
WHERE ($1::int IS NULL OR b.host_id = $1)
  AND b.ts BETWEEN $2 AND $3
  AND ($4::text IS NULL OR p.name LIKE $4)
  AND ($5::int IS NULL OR p.pid = $5)
  AND ($6::text IS NULL OR p.username LIKE $6)
  AND ($7::text IS NULL OR p.unit LIKE $7)
  AND ($8::text IS NULL OR p.container_id LIKE $8)
  AND ($9::timestamptz IS NULL OR (b.ts, b.host_id, u.position) @BEHIND@ ($9, $10::int, $11::int))
  AND u.position IS NOT NULL
ORDER BY @SORT@b.ts @DIRECTION@, b.host_id @DIRECTION@, u.position @DIRECTION@
LIMIT $12 OFFSET $13
)sql";

// Names of columns in the answer, but for the percentage: of several hosts it orders otherwise than
// the bytes.
std::string sort_terms(ProcessSort sort, ProcessElements elements) {
    const std::string direction = " @DIRECTION@ NULLS LAST, ";
    switch (sort) {
        case ProcessSort::timestamp:
            return "";
        case ProcessSort::cpu_percent:
            return "cpu_percent" + direction;
        case ProcessSort::memory_mb:
            return "memory_rss_bytes" + direction;
        case ProcessSort::memory_percent:
            return memory_percent(elements) + direction;
    }
    return "";
}

// As ProcessRow::sort_key.
std::string sort_key(ProcessSort sort, ProcessElements elements) {
    switch (sort) {
        case ProcessSort::timestamp:
            break;
        case ProcessSort::cpu_percent:
            return process_value("cpu_percent", elements);
        case ProcessSort::memory_mb:
            return process_value("memory_rss_bytes", elements);
        case ProcessSort::memory_percent:
            return '(' + memory_percent(elements) + ')';
    }
    return "NULL";
}

void replace(std::string& text, std::string_view mark, std::string_view by) {
    const auto at = text.find(mark);
    if (at != std::string::npos) text.replace(at, mark.size(), by);
}

std::string compose(std::string_view sql, ProcessElements elements, ProcessSort sort,
                    bool ascending) {
    std::string text{sql};
    replace(text, "@FACTS@", kFacts);
    replace(text, "@KEY@", sort_key(sort, elements));
    replace(text, "@COLUMNS@", process_columns(elements));
    replace(text, "@ARRAYS@", process_arrays());
    replace(text, "@SORT@", sort_terms(sort, elements));
    return with_direction(text, ascending);
}

template <typename Value>
void read_value(const Row& row, int column, Value& out) {
    if constexpr (std::is_same_v<Value, std::string>) {
        out = row.text(column);
    } else if constexpr (std::is_same_v<Value, std::int32_t>) {
        out = row.int4(column);
    } else if constexpr (std::is_same_v<Value, std::optional<std::int32_t>>) {
        out = row.optional_int4(column);
    } else if constexpr (std::is_same_v<Value, std::optional<std::int64_t>>) {
        out = row.optional_int8(column);
    } else if constexpr (std::is_same_v<Value, std::optional<double>>) {
        out = row.optional_float8(column);
    } else {
        static_assert(std::is_same_v<Value, std::optional<ProcessState>>);
        const auto letter = row.is_null(column) ? std::string_view{} : row.text(column);
        if (!letter.empty()) out = process_state_from_letter(letter.front());
    }
}

// Where the answer to a statement has what.
struct Places {
    explicit Places(const Result& result)
        : time(result.column("ts")),
          received(result.column("received_at")),
          host_id(result.column("host_id")),
          hostname(result.column("hostname")),
          position(result.column("position")),
          memory_total(result.column("memory_total_bytes")),
          started(result.column("started_at")),
          key(result.column("sort_key")) {
        for_each_process_column([&]<std::size_t I>() {
            constexpr auto column = process_column<I>();
            if (column.shown) columns[I] = result.column(column.name.data());
        });
    }

    int time, received, host_id, hostname, position, memory_total, started, key;
    std::array<int, kProcessColumnCount> columns{};
};

ProcessRow read_row(const Row& row, const Places& places) {
    ProcessRow out;
    out.time = row.timestamp(places.time);
    out.created_at = row.timestamp(places.received);
    out.cursor = {out.time, row.int4(places.host_id), row.int4(places.position)};
    out.id = sample_id(out.time, out.cursor.host_id, SampleKind::process, out.cursor.position);
    out.hostname = row.text(places.hostname);
    out.started_at = row.optional_timestamp(places.started);
    out.sort_key = row.optional_float8(places.key);
    for_each_process_column([&]<std::size_t I>() {
        constexpr auto column = process_column<I>();
        if constexpr (column.shown) read_value(row, places.columns[I], out.process.*column.member);
    });
    out.process.memory_percent =
        derived_percent(out.process, row.optional_int8(places.memory_total));
    return out;
}

}  // namespace

std::string process_rows_sql(ProcessSort sort, bool ascending) {
    return compose(kUnfolded, ProcessElements::unfolded, sort, ascending);
}

std::string picked_process_rows_sql(ProcessSort sort, bool ascending) {
    return compose(kPicked, ProcessElements::picked, sort, ascending);
}

// As the view has it.
std::optional<double> derived_percent(const chorus::ProcessSample& process,
                                      std::optional<std::int64_t> total_bytes) {
    if (process.memory_percent) return process.memory_percent;
    if (!process.memory_rss_bytes || !total_bytes || *total_bytes <= 0) return std::nullopt;
    return std::nearbyint(memory_share(*process.memory_rss_bytes, *total_bytes, 1e6)) / 1e4;
}

void read_process_rows(const Result& result, std::vector<ProcessRow>& rows) {
    const Places places{result};
    for (const Row row : result) rows.push_back(read_row(row, places));
}

}  // namespace chorus::store
