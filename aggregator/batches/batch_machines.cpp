#include "aggregator/batches/batch_machines.h"

#include <algorithm>

#include "common/log.h"

namespace chorus::store {
namespace {

constexpr Logger kBatchMachinesLog{"ingest"};
// Two that report within this time, or within a few intervals of theirs, report in turn.
constexpr std::chrono::minutes kTogether{10};
constexpr double kTogetherIntervals = 3;

constexpr Statement kFind{"machine_find", R"sql(
SELECT since, refused
FROM monitoring.former_machines
WHERE host_id = $1 AND boot_id = $2 AND hostname = $3
)sql"};

// What is a day old proves nothing any more. An agent that tells of another machine each time
// leaves no more than fifty: these and the one that is left now.
constexpr Statement kForgetOld{"machine_forget_old", R"sql(
DELETE FROM monitoring.former_machines
WHERE host_id = $1
  AND (last_seen < $2 - interval '1 day'
       OR (boot_id, hostname) IN (SELECT boot_id, hostname FROM monitoring.former_machines
                                  WHERE host_id = $1 ORDER BY last_seen DESC OFFSET 49))
)sql"};

constexpr Statement kLeave{"machine_leave", R"sql(
INSERT INTO monitoring.former_machines AS f (host_id, boot_id, hostname, since, last_seen, refused)
VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (host_id, boot_id, hostname) DO UPDATE
SET since = least(f.since, excluded.since), last_seen = excluded.last_seen,
    refused = f.refused OR excluded.refused
)sql"};

// One that was refused stays known as such: it goes on only while the other is away.
constexpr Statement kReturn{"machine_return", R"sql(
DELETE FROM monitoring.former_machines
WHERE host_id = $1 AND boot_id = $2 AND hostname = $3 AND NOT refused
)sql"};

constexpr Statement kRefuse{"machine_refuse", R"sql(
WITH refused AS (
    UPDATE monitoring.former_machines SET last_seen = $4, refused = true
    WHERE host_id = $1 AND boot_id = $2 AND hostname = $3
)
UPDATE monitoring.hosts SET clone_hostname = $3, clone_refused_at = $4 WHERE host_id = $1
)sql"};

constexpr Statement kSet{"machine_set", R"sql(
UPDATE monitoring.hosts SET boot_id = $2, machine_since = $3 WHERE host_id = $1
)sql"};

constexpr Statement kForget{"machine_forget", R"sql(
DELETE FROM monitoring.former_machines WHERE host_id = $1
)sql"};

Parameters key(const HostMachine& row, const Batch& batch) {
    Parameters parameters;
    parameters.int4(row.host_id).uuid(batch.boot_id).text(batch.hostname);
    return parameters;
}

bool is_there(const HostMachine& row, Timestamp now) {
    const std::chrono::duration<double> silence = now - row.last_seen;
    const std::chrono::duration<double> together = kTogether;
    return silence <= std::max(together, std::chrono::duration<double>{kTogetherIntervals *
                                                                       row.interval_seconds});
}

void leave(Session& session, const HostMachine& row, const PreparedBatch& batch, bool refused) {
    session.execute(kForgetOld, Parameters{}.int4(row.host_id).timestamp(batch.received_at));
    session.execute(kLeave, Parameters{}
                                .int4(row.host_id)
                                .uuid(*row.boot_id)
                                .text(row.hostname)
                                .timestamp(row.since)
                                .timestamp(row.last_seen)
                                .boolean(refused));
}

}  // namespace

MachineVerdict judge_machine(Session& session, const HostMachine& row, const PreparedBatch& p) {
    const Batch& batch = p.batch;
    if (row.hostname == batch.hostname && row.boot_id.value_or(batch.boot_id) == batch.boot_id) {
        return MachineVerdict::same;
    }
    if (p.made_at <= row.since) return MachineVerdict::late;
    if (!row.boot_id) return MachineVerdict::other;
    const Result known = session.execute(kFind, key(row, batch));
    // A batch of an earlier boot whose clock ran ahead of the present one: when it was made nobody
    // knows, so it proves no second machine.
    if (!known.empty() && !p.age_known) return MachineVerdict::late;
    if (known.empty() || !is_there(row, p.received_at)) {
        leave(session, row, p, false);
        session.execute(kReturn, key(row, batch));
        set_machine(session, row.host_id, batch.boot_id, p.made_at);
        return MachineVerdict::other;
    }
    const Timestamp since = known[0].timestamp(0);
    const bool first = !known[0].boolean(1) && since < row.since;
    if (!first) {
        auto parameters = key(row, batch);
        session.execute(kRefuse, parameters.timestamp(p.received_at));
        return MachineVerdict::cloned;
    }
    kBatchMachinesLog.warning("Two machines report with one agent's identity",
                              {{"agent_id", batch.agent.id.to_string()},
                               {"goes_on", batch.hostname},
                               {"is_refused", row.hostname}});
    leave(session, row, p, true);
    session.execute(kReturn, key(row, batch));
    set_machine(session, row.host_id, batch.boot_id, since);
    return MachineVerdict::other;
}

void set_machine(Session& session, std::int32_t host_id, const Uuid& boot_id, Timestamp since) {
    session.execute(kSet, Parameters{}.int4(host_id).uuid(boot_id).timestamp(since));
}

void forget_machines(Session& session, std::int32_t host_id) {
    session.execute(kForget, Parameters{}.int4(host_id));
}

}  // namespace chorus::store
