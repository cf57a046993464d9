#include "aggregator/schema/lease.h"

namespace chorus::store {
namespace {

constexpr Statement kTake{"lease_take", R"sql(
UPDATE monitoring.leader
SET epoch = CASE WHEN holder = $1 AND expires_at > clock_timestamp() THEN epoch
                 ELSE epoch + 1 END,
    holder = $1,
    expires_at = clock_timestamp() + $2
WHERE holder = $1 OR expires_at <= clock_timestamp()
RETURNING epoch
)sql"};

constexpr Statement kCurrent{"lease_current", R"sql(
SELECT epoch FROM monitoring.leader WHERE expires_at > clock_timestamp()
)sql"};

constexpr Statement kRelease{"lease_release", R"sql(
UPDATE monitoring.leader SET expires_at = '-infinity' WHERE epoch = $1
)sql"};

// KEY SHARE conflicts with the change of the epoch alone. idle_in_transaction_session_timeout keeps
// a leader that was stopped inside a transaction from blocking its successor.
constexpr Statement kHold{"lease_hold", R"sql(
SELECT set_config('idle_in_transaction_session_timeout', '10s', true)
FROM monitoring.leader
WHERE epoch = $1 AND expires_at > clock_timestamp()
FOR KEY SHARE
)sql"};

constexpr const char* kLeaseLockTimeout = "SET LOCAL lock_timeout = '2s'";

}  // namespace

std::optional<std::int64_t> take_lease(Session& session, const std::string& holder,
                                       std::chrono::milliseconds duration) {
    Transaction transaction{session};
    session.execute_script(kLeaseLockTimeout);
    const auto rows = session.execute(kTake, Parameters{}.text(holder).interval(duration));
    transaction.commit();
    if (rows.empty()) return std::nullopt;
    return rows[0].int8(0);
}

std::optional<std::int64_t> current_epoch(Session& session) {
    const auto rows = session.execute(kCurrent);
    if (rows.empty()) return std::nullopt;
    return rows[0].int8(0);
}

void release_lease(Session& session, std::int64_t epoch) {
    session.execute(kRelease, Parameters{}.int8(epoch));
}

void hold_leadership(Session& session, std::int64_t epoch) {
    if (session.execute(kHold, Parameters{}.int8(epoch)).empty()) throw LeadershipLost{};
}

}  // namespace chorus::store
