#include "aggregator/schema/stalled_sessions.h"

#include "common/log.h"

namespace chorus::store {
namespace {

constexpr Logger kStalledSessionsLog{"store"};

// The name may have more behind a slash. MATERIALIZED: first all conditions, then the ending.
constexpr Statement kEnd{"end_stalled_sessions", R"sql(
WITH stalled AS MATERIALIZED (
    SELECT a.pid, a.wait_event,
           extract(epoch FROM clock_timestamp() - a.query_start)::bigint AS seconds
    FROM pg_stat_activity a
    WHERE a.datname = current_database() AND a.usename = current_user
      AND split_part(a.application_name, '/', 1)
          = split_part(current_setting('application_name'), '/', 1)
      AND a.state = 'active' AND a.wait_event_type = 'Client'
      AND a.query_start <= clock_timestamp() - $1)
SELECT pid, wait_event, seconds FROM stalled WHERE pg_terminate_backend(pid)
)sql"};

}  // namespace

int end_stalled_sessions(Session& session, std::chrono::seconds after) {
    const auto ended = session.execute(kEnd, Parameters{}.interval(after));
    for (const auto row : ended) {
        kStalledSessionsLog.warning(
            "An aggregator stands still; its session was ended",
            {{"pid", row.int4(0)}, {"waited_in", row.text(1)}, {"seconds", row.int8(2)}});
    }
    return ended.size();
}

}  // namespace chorus::store
