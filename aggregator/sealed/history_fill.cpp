#include "aggregator/sealed/history_fill.h"

#include <string>

#include "aggregator/schema/lease.h"
#include "aggregator/sealed/history_writer.h"
#include "aggregator/sealed/sealed_rows.h"

namespace chorus::store {
namespace {

constexpr const char* kFillLimits =
    "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '10s';"
    " SET LOCAL idle_in_transaction_session_timeout = '60s'";

constexpr Statement kPending{"history_pending", R"sql(
SELECT p.host_id, p.day
FROM monitoring.history_pending p
JOIN monitoring.hosts h ON h.host_id = p.host_id
WHERE (p.day, p.host_id) > ($1, $2)
ORDER BY p.day, p.host_id
LIMIT 1000
)sql"};

constexpr Statement kHoursToFill{"history_fill_hours", R"sql(
SELECT batches FROM monitoring.sealed_batches WHERE day = $1 AND host_id = $2
)sql"};

constexpr const char* kFetchDays = "FETCH 1000 FROM history_fill";

std::string open_cursor() {
    return "DECLARE history_fill NO SCROLL CURSOR FOR SELECT series_id, " +
           std::string{kSeriesColumns} +
           " FROM monitoring.sealed_series WHERE day = $1 AND host_id = $2";
}

constexpr Statement kHoldHostOfHistory{"history_hold_host", R"sql(
SELECT FROM monitoring.hosts WHERE host_id = $1 FOR KEY SHARE
)sql"};

}  // namespace

std::vector<HostAndDay> history_pending(Session& session, const HostAndDay& after) {
    std::vector<HostAndDay> pending;
    for (const auto row :
         session.execute(kPending, Parameters{}.date(after.second).int4(after.first))) {
        pending.emplace_back(row.int4(0), row.date(1));
    }
    return pending;
}

bool fill_history(Session& session, std::int64_t epoch, const HostAndDay& what) {
    const auto& [host_id, day] = what;
    const auto key = Parameters{}.date(day).int4(host_id);
    session.execute_script(kFillLimits);
    HistoryWriter writer{session, host_id, day};
    const auto batches = session.execute(kHoursToFill, key);
    if (!batches.empty()) {
        const auto starts = read_hours(batches[0], 0);
        session.execute_once(open_cursor(), key);
        for (;;) {
            const auto rows = session.execute_once(kFetchDays);
            if (rows.empty()) break;
            for (const auto row : rows) {
                writer.add(row.int4(0), read_series(row, 1, starts), starts);
            }
            writer.flush();
        }
        session.execute_script("CLOSE history_fill");
    }
    writer.finish();
    if (session.execute(kHoldHostOfHistory, Parameters{}.int4(host_id)).empty()) return false;
    hold_leadership(session, epoch);
    return true;
}

}  // namespace chorus::store
