#include "aggregator/sealed/damage.h"

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <tuple>

#include "common/log.h"
#include "common/timestamp.h"

namespace chorus::store {
namespace {

constexpr Logger kDamageLog{"damage"};
constexpr std::size_t kMostTold = 256;

constexpr Statement kNamesOfDamaged{"damaged_row_names", R"sql(
SELECT (SELECT hostname FROM monitoring.hosts WHERE host_id = $1), s.metric_type, s.label
FROM (SELECT) o LEFT JOIN monitoring.series s ON s.series_id = $2
)sql"};

// Readers are many and short-lived, so what is known of damage is the program's, like its log.
std::atomic<std::uint64_t> rows_left_out{0};

// Whether the row is to be told in the log.
bool is_news(const PackedRow& row) {
    static std::mutex mutex;
    static std::set<std::tuple<std::int32_t, std::chrono::sys_days, std::int32_t>> told;
    const std::lock_guard lock{mutex};
    return told.size() < kMostTold &&
           told.emplace(row.host_id, row.day, row.series_id.value_or(0)).second;
}

struct Names {
    std::string host, day, series;
};

Names names_of(Session& session, const PackedRow& row) {
    const auto found =
        session.execute(kNamesOfDamaged, Parameters{}.int4(row.host_id).int4(row.series_id));
    const auto label = found[0].optional_text(2).value_or("");
    return {found[0].optional_text(0).value_or(std::to_string(row.host_id)),
            format_timestamp(Timestamp{row.day}).substr(0, 10),
            row.series_id ? found[0].optional_text(1).value_or(std::to_string(*row.series_id)) +
                                (label.empty() ? "" : "{" + label + "}")
                          : "all"};
}

}  // namespace

void handle_damage(Session& session, const PackedRow& row, OnDamage on_damage) {
    if (on_damage == OnDamage::fail) {
        const auto names = names_of(session, row);
        throw DamagedRow{"The packed values of " + names.day + " of host " + names.host +
                         ", series " + names.series +
                         ", are damaged and cannot be read; ask for a range without that day"};
    }
    ++rows_left_out;
    if (!is_news(row)) return;
    const auto names = names_of(session, row);
    kDamageLog.warning("A packed row is damaged and left out",
                       {{"host", names.host}, {"day", names.day}, {"series", names.series}});
}

std::uint64_t damaged_rows_left_out() {
    return rows_left_out;
}

}  // namespace chorus::store
