#include "aggregator/batches/batch_hosts.h"

#include <algorithm>
#include <string>

#include "aggregator/batches/batch_machines.h"

namespace chorus::store {
namespace {

// An agent that was heard of within this many of its intervals is alive (HostStatus::up).
constexpr double kLiveIntervals = 3;

constexpr Statement kFindHosts{"batch_find_hosts", R"sql(
SELECT host_id, hostname, agent_id, interval_seconds, last_seen, boot_id,
       coalesce(machine_since, first_seen), latest_made_at
FROM monitoring.hosts
WHERE agent_id = $1 OR hostname = $2
ORDER BY host_id
FOR UPDATE
)sql"};

constexpr Statement kInsertHost{"batch_insert_host", R"sql(
INSERT INTO monitoring.hosts
    (hostname, agent_id, first_seen, last_seen, reporting_since, boot_id, machine_since)
VALUES ($1, $2, $3, $3, $3, $4, $5)
ON CONFLICT DO NOTHING
RETURNING host_id
)sql"};

constexpr Statement kRenameHost{"batch_rename_host",
                                "UPDATE monitoring.hosts SET hostname = $2 WHERE host_id = $1"};

// Names of services have no '@'. One whose new name another service has keeps its own, and is gone
// in time.
constexpr Statement kRenameServices{"batch_rename_services", R"sql(
WITH renamed AS (
    SELECT s.service_id, substr(s.name, 1, strpos(s.name, '@')) || $2 AS name
    FROM monitoring.services s
    WHERE s.host_id = $1
    ORDER BY s.name
    FOR UPDATE
)
UPDATE monitoring.services s
SET name = r.name
FROM renamed r
WHERE s.service_id = r.service_id
  AND NOT EXISTS (SELECT FROM monitoring.services o WHERE o.name = r.name)
)sql"};

constexpr Statement kTakeHost{"batch_take_host",
                              "UPDATE monitoring.hosts"
                              " SET agent_id = $2, last_seen = $3, reporting_since = $3"
                              " WHERE host_id = $1"};

constexpr Statement kNewestOfHost{
    "batch_newest_of_host",
    "SELECT max(newest_ts) FROM monitoring.ingest_streams WHERE host_id = $1"};

struct HostRow {
    std::int32_t host_id;
    std::string hostname;
    std::optional<Uuid> agent_id;
    double interval_seconds;
    Timestamp last_seen;
    std::optional<Uuid> boot_id;
    Timestamp machine_since;
    std::optional<Timestamp> latest_made_at;
};

struct Candidates {
    std::optional<HostRow> own;     // the row of this agent
    std::optional<HostRow> holder;  // the row of this name, if it is not the agent's own
};

Candidates find_candidates(Session& session, const Batch& batch) {
    Candidates found;
    for (const Row row :
         session.execute(kFindHosts, Parameters{}.uuid(batch.agent.id).text(batch.hostname))) {
        HostRow host{row.int4(0),      std::string(row.text(1)), row.optional_uuid(2),
                     row.float8(3),    row.timestamp(4),         row.optional_uuid(5),
                     row.timestamp(6), row.optional_timestamp(7)};
        auto& place = host.agent_id == batch.agent.id ? found.own : found.holder;
        place = std::move(host);
    }
    return found;
}

bool is_live(const HostRow& host, Timestamp now) {
    const std::chrono::duration<double> silence = now - host.last_seen;
    return host.agent_id && silence.count() <= kLiveIntervals * host.interval_seconds;
}

Timestamp newest_of(Session& session, std::int32_t host_id) {
    const Result result = session.execute(kNewestOfHost, Parameters{}.int4(host_id));
    return result[0].optional_timestamp(0).value_or(Timestamp::min());
}

// nullopt if another aggregator created the name or the agent meanwhile.
std::optional<std::int32_t> insert_host(Session& session, const PreparedBatch& p) {
    const Result inserted = session.execute(kInsertHost, Parameters{}
                                                             .text(p.batch.hostname)
                                                             .uuid(p.batch.agent.id)
                                                             .timestamp(p.received_at)
                                                             .uuid(p.batch.boot_id)
                                                             .timestamp(p.made_at));
    return inserted.empty() ? std::nullopt : std::optional(inserted[0].int4(0));
}

// The name's row is nobody's, or its agent has been silent for long: it goes to this agent, which
// has no row yet, as after a machine was installed anew. An agent that has a host is given no other
// one: by its own word alone it could speak for any machine that happens to be silent.
std::int32_t take_over(Session& session, const HostRow& holder, const PreparedBatch& p) {
    session.execute(
        kTakeHost,
        Parameters{}.int4(holder.host_id).uuid(p.batch.agent.id).timestamp(p.received_at));
    forget_machines(session, holder.host_id);
    set_machine(session, holder.host_id, p.batch.boot_id, p.made_at);
    return holder.host_id;
}

// Its services bear its name.
void rename(Session& session, std::int32_t host_id, const std::string& hostname) {
    session.execute(kRenameHost, Parameters{}.int4(host_id).text(hostname));
    session.execute(kRenameServices, Parameters{}.int4(host_id).text(hostname));
}

// What the row of an agent's host says once its batch was looked at.
struct Place {
    std::int32_t host_id = 0;
    Uuid boot_id;
    std::string hostname;
};

// The agent has a host: the same machine, a late batch of it, or one that was renamed or booted.
HostRefusal place_own(Session& session, const Candidates& found, const PreparedBatch& p,
                      Place& place) {
    const HostRow& own = *found.own;
    place.host_id = own.host_id;
    const bool late = p.made_at <= own.machine_since;
    if (found.holder && own.hostname != p.batch.hostname && !late) return HostRefusal::name_taken;
    switch (judge_machine(session,
                          {own.host_id, own.hostname, own.boot_id, own.machine_since, own.last_seen,
                           own.interval_seconds},
                          p)) {
        case MachineVerdict::same:
            if (!own.boot_id) set_machine(session, own.host_id, p.batch.boot_id, own.machine_since);
            break;
        case MachineVerdict::late:
            place.boot_id = own.boot_id.value_or(p.batch.boot_id);
            place.hostname = own.hostname;
            break;
        case MachineVerdict::other:
            if (own.hostname != p.batch.hostname) {
                rename(session, own.host_id, p.batch.hostname);
            }
            break;
        case MachineVerdict::cloned:
            return HostRefusal::cloned;
    }
    return HostRefusal::none;
}

}  // namespace

bool BatchHosts::known(const PreparedBatch& prepared) const {
    const auto at = hosts_.find(prepared.batch.agent.id);
    return at != hosts_.end() && at->second.hostname == prepared.batch.hostname;
}

BatchHost* BatchHosts::find(Session& session, const PreparedBatch& prepared, HostRefusal& refusal) {
    const Batch& batch = prepared.batch;
    const auto at = hosts_.find(batch.agent.id);
    if (at == hosts_.end() || at->second.hostname != batch.hostname ||
        at->second.boot_id != batch.boot_id) {
        return look_up(session, prepared, refusal);
    }
    at->second.last_use = ++uses_;
    return &at->second;
}

BatchHost* BatchHosts::look_up(Session& session, const PreparedBatch& prepared,
                               HostRefusal& refusal) {
    const Batch& batch = prepared.batch;
    const Candidates found = find_candidates(session, batch);
    Place place{.boot_id = batch.boot_id, .hostname = batch.hostname};
    refusal = HostRefusal::none;
    if (found.own) {
        refusal = place_own(session, found, prepared, place);
    } else if (found.holder && is_live(*found.holder, prepared.received_at)) {
        refusal = HostRefusal::name_taken;
    } else if (found.holder) {
        place.host_id = take_over(session, *found.holder, prepared);
    } else if (const auto host_id = insert_host(session, prepared)) {
        place.host_id = *host_id;
    } else {
        refusal = HostRefusal::overtaken;
    }
    if (refusal != HostRefusal::none) return nullptr;

    BatchHost& host = hosts_[batch.agent.id];
    if (host.host_id != place.host_id) host = BatchHost{};
    host.host_id = place.host_id;
    host.hostname = std::move(place.hostname);
    host.boot_id = place.boot_id;
    host.newest = std::max(host.newest, newest_of(session, place.host_id));
    if (found.own) {
        host.newest_made =
            std::max(host.newest_made, found.own->latest_made_at.value_or(Timestamp::min()));
    }
    host.last_use = ++uses_;
    return &host;
}

void BatchHosts::evict() {
    if (hosts_.size() <= most_hosts_) return;
    // A tenth at once, so that the walk is rare.
    std::vector<std::uint64_t> uses;
    uses.reserve(hosts_.size());
    for (const auto& [id, host] : hosts_) uses.push_back(host.last_use);
    const auto oldest_kept = uses.begin() + static_cast<std::ptrdiff_t>(uses.size() / 10);
    std::nth_element(uses.begin(), oldest_kept, uses.end());
    const std::uint64_t least = *oldest_kept;
    std::erase_if(hosts_, [&](const auto& entry) { return entry.second.last_use < least; });
}

}  // namespace chorus::store
