#include "aggregator/batches/batch_writer.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

#include "aggregator/batches/batch_processes.h"
#include "aggregator/batches/batch_rows.h"
#include "aggregator/batches/batch_streams.h"
#include "aggregator/service_store/service_store.h"
#include "common/log.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr Logger kLog{"ingest"};
constexpr int kAttempts = 4;
// What a new layout counts for beside its series.
constexpr std::size_t kLayoutCost = 50;
// How far a batch may be moved from its time when that is taken.
constexpr milliseconds kMostShift{1};

// Every statement of a writer reaches few rows through keys, but its plan is made while tables are
// still small and would scan them whole. Undone when the session goes back.
constexpr const char* kPlanByKeys =
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";
constexpr const char* kPlanAsUsual =
    "RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin";

constexpr Statement kTakenTimes{"batch_taken_times", R"sql(
SELECT i.n, b.ts
FROM unnest($1::int[], $2::timestamptz[]) WITH ORDINALITY AS i (host_id, ts, n)
JOIN monitoring.system_batches b
  ON b.host_id = i.host_id AND b.ts >= i.ts AND b.ts < i.ts + interval '1 ms'
)sql"};

WriteResult from_refusal(HostRefusal refusal) {
    return refusal == HostRefusal::cloned ? WriteResult::agent_cloned : WriteResult::host_conflict;
}

constexpr Statement kInsertEvents{"batch_insert_events", R"sql(
INSERT INTO monitoring.events (host_id, ts, type, detail)
SELECT * FROM unnest($1::int[], $2::timestamptz[], $3::text[], $4::jsonb[])
)sql"};

}  // namespace

struct BatchWriter::Item {
    const PreparedBatch* prepared;
    std::optional<WriteResult> result{};
    BatchHost* host = nullptr;
    std::int32_t layout_id = 0;
    Timestamp time{};                // under which it is stored
    const Item* same_key = nullptr;  // an earlier batch of the group with the same key

    auto key() const {
        const Batch& b = prepared->batch;
        return std::tie(b.agent.id, b.epoch, b.seq);
    }
};

BatchWriter::BatchWriter(Database& database, Partitions& partitions, const Clock& clock,
                         Retention retention, std::size_t most_hosts)
    : database_(database),
      partitions_(partitions),
      clock_(clock),
      retention_(retention),
      hosts_(most_hosts) {}

BatchWriter::~BatchWriter() {
    rest();
}

Session& BatchWriter::session() {
    if (!lease_) {
        lease_.emplace(database_.acquire());
        (*lease_)->execute_script(kPlanByKeys);
    }
    return **lease_;
}

void BatchWriter::rest() {
    if (!lease_) return;
    try {
        if ((*lease_)->healthy()) (*lease_)->execute_script(kPlanAsUsual);
    } catch (const DatabaseError&) {
        // The session is broken, and the pool closes it.
    }
    lease_.reset();
}

std::vector<WriteResult> BatchWriter::write(std::span<const PreparedBatch* const> group) {
    std::vector<Item> items;
    items.reserve(group.size());
    for (const PreparedBatch* prepared : group) items.push_back({prepared});
    try {
        write_all(items);
    } catch (...) {
        forget(items);
        throw;
    }
    std::vector<WriteResult> results;
    results.reserve(items.size());
    for (const Item& item : items) {
        results.push_back(item.result.value_or(WriteResult::unavailable));
    }
    hosts_.evict();
    return results;
}

void BatchWriter::write_all(std::vector<Item>& items) {
    for (int attempt = 1; attempt <= kAttempts; ++attempt) {
        try {
            if (try_group(items, attempt == 1 ? Mode::usual : Mode::careful)) return;
        } catch (const DatabaseError& e) {
            forget(items);
            for (Item& item : items) item.result.reset();
            if (sqlstate::is_fault_of_content(e.sqlstate())) {
                if (items.size() > 1) return write_one_by_one(items);
                kLog.warning(
                    "Batch refused by PostgreSQL",
                    {{"hostname", items[0].prepared->batch.hostname}, {"error", e.what()}});
                items[0].result = WriteResult::refused;
                return;
            }
            if (!sqlstate::may_pass_next_time(e.sqlstate())) {
                kLog.error("Batches not stored", {{"batches", items.size()}, {"error", e.what()}});
                return;
            }
            partitions_.forget();
        }
    }
    if (items.size() > 1) return write_one_by_one(items);
    complain(DatabaseError("40001", "other sessions came in between each time"));
}

void BatchWriter::complain(const DatabaseError& error) {
    ++complaints_;
    const auto now = clock_.steady();
    if (now < next_complaint_) return;
    next_complaint_ = now + std::chrono::seconds{1};
    kLog.error("Batches not stored", {{"groups", complaints_}, {"error", error.what()}});
    complaints_ = 0;
}

void BatchWriter::write_one_by_one(std::vector<Item>& items) {
    for (Item& item : items) {
        std::vector<Item> single{{item.prepared}};
        write_all(single);
        item.result = single[0].result;
    }
}

// True once every item has a result, or the database is away. Throws DatabaseError if the
// transaction failed for a reason that lies in it.
bool BatchWriter::try_group(std::vector<Item>& items, Mode mode) {
    for (bool first_session = true;; first_session = false) {
        try {
            std::vector<Item*> kept;
            for (Item& item : items) {
                if (partitions_.ensure_for(item.prepared->batch.time)) {
                    kept.push_back(&item);
                    ensure_for_services(item);
                } else {
                    item.result = WriteResult::expired;
                }
            }
            if (!kept.empty()) run_transaction(kept, mode);
            return true;
        } catch (const CommitOutcomeUnknown& e) {
            forget(items);
            lease_.reset();
            kLog.warning("Unknown whether a group was stored", {{"error", e.what()}});
            for (Item& item : items) item.result = WriteResult::unavailable;
            return true;
        } catch (const DatabaseUnavailable&) {
            // Nothing was stored. A session that broke while it was idle says nothing about
            // PostgreSQL, so a fresh one is tried once.
            forget(items);
            const bool had_session = lease_.has_value();
            lease_.reset();
            for (Item& item : items) item.result.reset();
            if (!first_session || !had_session) return true;
        }
    }
}

// Checks are a little older than their batch, and some may be of the day before.
void BatchWriter::ensure_for_services(const Item& item) {
    for (const auto& check : checks_of(item.prepared->batch, 0, item.prepared->received_at)) {
        partitions_.ensure_for(check.time);
    }
}

void BatchWriter::insert_services(Session& session, std::span<Item* const> fresh) {
    std::vector<ServiceCheck> checks;
    for (const Item* item : fresh) {
        for (auto& check :
             checks_of(item->prepared->batch, item->host->host_id, item->prepared->received_at)) {
            // Older than what is kept: it has no partition.
            if (check.time >= partitions_.oldest_accepted()) checks.push_back(std::move(check));
        }
    }
    record_checks(session, checks);
}

void BatchWriter::forget(std::span<Item> items) {
    layouts_.rolled_back();
    for (const auto& [host, series] : taken_) new_series_.give_back(host, series);
    taken_.clear();
    for (Item& item : items) {
        hosts_.forget(item.prepared->batch.agent.id);
        item.host = nullptr;
        item.same_key = nullptr;
    }
}

void BatchWriter::run_transaction(std::span<Item*> items, Mode mode) {
    Session& session = this->session();
    // Locks are taken in one order by all writers; a stable sort keeps an agent's batches in order
    // of arrival where their keys are equal.
    std::stable_sort(items.begin(), items.end(),
                     [](const Item* a, const Item* b) { return a->key() < b->key(); });
    for (std::size_t i = 1; i < items.size(); ++i) {
        if (items[i]->key() != items[i - 1]->key()) continue;
        const Item* earlier = items[i - 1];
        items[i]->same_key = earlier->same_key != nullptr ? earlier->same_key : earlier;
    }

    Transaction transaction{session};
    find_hosts(session, items);
    hold_back_series(session, items);
    decide(session, items);
    std::vector<Item*> fresh;
    for (Item* item : items) {
        if (item->result == WriteResult::stored) fresh.push_back(item);
    }
    choose_times(session, fresh, mode);
    insert(session, fresh);
    note_sightings(session, items);
    transaction.commit();
    layouts_.committed();
    taken_.clear();

    for (Item* item : items) {
        if (item->same_key == nullptr) continue;
        const WriteResult first = *item->same_key->result;
        const bool same = item->prepared->payload_hash == item->same_key->prepared->payload_hash;
        const bool kept = first == WriteResult::stored || first == WriteResult::duplicate;
        item->result = !kept ? first : same ? WriteResult::duplicate : WriteResult::conflict;
    }
}

void BatchWriter::find_hosts(Session& session, std::span<Item*> items) {
    for (Item* item : items) {
        if (item->same_key != nullptr) continue;
        HostRefusal refusal{};
        item->host = hosts_.find(session, *item->prepared, refusal);
        if (item->host == nullptr) item->result = from_refusal(refusal);
    }
}

// The host as remembered may be another agent's by now, or another machine's.
BatchHost* BatchWriter::look_up(Session& session, Item& item) {
    HostRefusal refusal{};
    item.host = hosts_.look_up(session, *item.prepared, refusal);
    if (item.host == nullptr) item.result = from_refusal(refusal);
    return item.host;
}

// Before a counter is marked: a batch that is held back may come again.
void BatchWriter::hold_back_series(Session& session, std::span<Item*> items) {
    const Item* counted = nullptr;  // an agent's batches lie together, mostly of one layout
    for (Item* item : items) {
        if (item->same_key != nullptr || item->result) continue;
        const auto& layout = item->prepared->batch.layout;
        if (counted != nullptr && counted->host == item->host &&
            counted->prepared->batch.layout == layout) {
            continue;
        }
        if (layouts_.exists(session, *item->prepared)) continue;
        const auto host = item->host->host_id;
        const auto cost = layout.size() + kLayoutCost;
        if (new_series_.take(host, cost, clock_.steady())) {
            taken_.emplace_back(host, cost);
            counted = item;
            continue;
        }
        if (look_up(session, *item) != nullptr) item->result = WriteResult::too_many_series;
    }
}

void BatchWriter::decide(Session& session, std::span<Item*> items) {
    std::vector<Item*> open;
    std::vector<StreamEntry> entries;
    for (Item* item : items) {
        if (item->same_key != nullptr || item->result) continue;
        open.push_back(item);
        entries.push_back(
            {item->prepared, item->host->host_id, item->host->hostname, item->host->boot_id});
    }
    mark_new(session, entries);

    std::vector<Item*> rest;
    std::vector<StreamEntry> careful;
    for (std::size_t i = 0; i < open.size(); ++i) {
        if (entries[i].verdict == StreamVerdict::fresh) {
            open[i]->result = WriteResult::stored;
            continue;
        }
        if (look_up(session, *open[i]) == nullptr) continue;
        rest.push_back(open[i]);
        careful.push_back({open[i]->prepared, open[i]->host->host_id});
    }
    mark_carefully(session, careful);

    std::vector<Item*> repeated;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        switch (careful[i].verdict) {
            case StreamVerdict::fresh:
                rest[i]->result = WriteResult::stored;
                break;
            case StreamVerdict::full:
                rest[i]->result = WriteResult::too_many_gaps;
                break;
            case StreamVerdict::repeated:
                repeated.push_back(rest[i]);
                break;
            case StreamVerdict::undecided:
                throw DatabaseError("40001", "a counter vanished while it was locked");
        }
    }
    if (!repeated.empty()) decide_repeated(session, repeated);
}

void BatchWriter::decide_repeated(Session& session, std::span<Item*> repeated) {
    std::vector<StreamEntry> entries;
    for (const Item* item : repeated) entries.push_back({item->prepared, item->host->host_id});
    const auto same = find_same_content(session, entries);
    for (std::size_t i = 0; i < repeated.size(); ++i) {
        // What retention took away cannot be compared any more; the key was stored, so it is taken
        // for the same.
        const auto gone =
            retention_.system ? clock_.now() - *retention_.system + days{1} : Timestamp::min();
        const bool comparable = repeated[i]->prepared->batch.time >= gone;
        repeated[i]->result =
            same[i] || !comparable ? WriteResult::duplicate : WriteResult::conflict;
    }
}

// (host, time) is the primary key. Two different batches of one moment are both kept, the later one
// some microseconds off.
void BatchWriter::choose_times(Session& session, std::span<Item*> fresh, Mode mode) {
    std::vector<Item*> doubtful;
    for (Item* item : fresh) {
        item->time = item->prepared->batch.time;
        if (mode == Mode::careful || item->time <= item->host->newest) doubtful.push_back(item);
        item->host->newest = std::max(item->host->newest, item->time);
    }
    if (doubtful.empty()) return;

    std::vector<std::int32_t> hosts;
    std::vector<Timestamp> times;
    for (const Item* item : doubtful) {
        hosts.push_back(item->host->host_id);
        times.push_back(item->time);
    }
    std::set<std::pair<std::int32_t, Timestamp>> taken;
    const Result stored =
        session.execute(kTakenTimes, Parameters{}.int4_array(hosts).timestamp_array(times));
    for (const Row row : stored) {
        taken.emplace(hosts[static_cast<std::size_t>(row.int8(0) - 1)], row.timestamp(1));
    }
    const std::set<const Item*> moving(doubtful.begin(), doubtful.end());
    for (const Item* item : fresh) {
        if (!moving.contains(item)) taken.emplace(item->host->host_id, item->time);
    }
    for (Item* item : doubtful) {
        const Timestamp last = item->time + kMostShift;
        while (!taken.emplace(item->host->host_id, item->time).second) {
            item->time += microseconds{1};
            if (item->time >= last) {
                throw DatabaseError("22000", "a thousand batches of one host at one moment");
            }
        }
        item->host->newest = std::max(item->host->newest, item->time);
    }
}

void BatchWriter::insert(Session& session, std::span<Item*> fresh) {
    if (fresh.empty()) return;
    std::vector<ProcessRequest> requests;
    std::vector<const Item*> with_processes;
    const auto oldest_process =
        retention_.process ? clock_.now() - *retention_.process : Timestamp::min();
    for (Item* item : fresh) {
        item->layout_id = layouts_.id_of(session, *item->prepared);
        if (!item->prepared->batch.processes || item->time < oldest_process) continue;
        requests.push_back({item->prepared, item->host->host_id, &item->host->processes});
        with_processes.push_back(item);
    }
    resolve_processes(session, requests);

    system_rows_.clear();
    for (const Item* item : fresh) {
        append_system_row(system_rows_, *item->prepared, {item->host->host_id, item->time},
                          item->layout_id);
    }
    CopyIn system{session, kSystemRowTarget};
    system.encoded_rows(system_rows_);
    system.finish();

    if (!requests.empty()) {
        process_rows_.clear();
        for (std::size_t i = 0; i < requests.size(); ++i) {
            const Item& item = *with_processes[i];
            append_process_row(process_rows_, *item.prepared, {item.host->host_id, item.time},
                               requests[i].refs);
        }
        CopyIn processes{session, kProcessRowTarget};
        processes.encoded_rows(process_rows_);
        processes.finish();
    }

    std::vector<std::int32_t> event_hosts;
    std::vector<Timestamp> event_times;
    std::vector<std::string> event_types, event_details;
    for (const Item* item : fresh) {
        for (const Event& event : item->prepared->batch.events) {
            event_hosts.push_back(item->host->host_id);
            event_times.push_back(event.time);
            event_types.push_back(event.type);
            event_details.push_back(event.detail_json);
        }
    }
    if (!event_hosts.empty()) {
        session.execute(kInsertEvents, Parameters{}
                                           .int4_array(event_hosts)
                                           .timestamp_array(event_times)
                                           .text_array(event_types)
                                           .json_array(event_details));
    }
    insert_services(session, fresh);
}

// A host whose batches are held back is not silent.
void BatchWriter::note_sightings(Session& session, std::span<Item* const> items) {
    std::vector<HostSighting> sightings;
    for (const Item* item : items) {
        const bool held_back = item->result == WriteResult::too_many_series;
        if (item->same_key != nullptr) continue;
        if (!held_back && item->result != WriteResult::stored) continue;
        sightings.push_back({item->host, item->prepared, held_back, item->time});
    }
    if (!sightings.empty()) note_hosts(session, sightings);
}

}  // namespace chorus::store
