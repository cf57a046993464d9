#include "aggregator/batches/batch_writer.h"

#include <algorithm>
#include <utility>

#include "aggregator/batches/batch_streams.h"
#include "aggregator/batches/batch_times.h"
#include "aggregator/batches/host_notes.h"
#include "common/log.h"

namespace chorus::store {
namespace {

using std::chrono::days;

constexpr Logger kBatchWriterLog{"ingest"};
constexpr int kAttempts = 4;
// What a new layout counts for beside its series.
constexpr std::size_t kLayoutCost = 50;

// Every statement of a writer reaches few rows through keys, but its plan is made while tables are
// still small and would scan them whole. Undone when the session goes back.
constexpr const char* kPlanByKeys =
    "SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off";
constexpr const char* kPlanAsUsual =
    "RESET enable_seqscan; RESET enable_hashjoin; RESET enable_mergejoin";

// False if the host has to be looked up again.
bool accept_host(BatchItem& item, BatchHost* host, HostRefusal refusal) {
    item.host = host;
    if (refusal == HostRefusal::overtaken) return false;
    if (host == nullptr) {
        item.result =
            refusal == HostRefusal::cloned ? WriteResult::agent_cloned : WriteResult::host_conflict;
    }
    return true;
}

}  // namespace

BatchWriter::BatchWriter(Database& database, Partitions& partitions, const Clock& clock,
                         Retention retention, std::size_t most_hosts)
    : database_(database),
      partitions_(partitions),
      clock_(clock),
      retention_(retention),
      hosts_(most_hosts),
      insert_(layouts_, partitions, clock, retention) {}

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
    std::vector<BatchItem> items;
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
    for (const BatchItem& item : items) {
        results.push_back(item.result.value_or(WriteResult::unavailable));
    }
    hosts_.evict();
    return results;
}

void BatchWriter::write_all(std::vector<BatchItem>& items) {
    for (int tried = 0; tried < kAttempts; ++tried) {
        std::string error;
        const Attempt end = attempt(items, tried == 0 ? Mode::usual : Mode::careful, error);
        if (end == Attempt::done) return;
        forget(items);
        for (BatchItem& item : items) item.result.reset();
        if (end == Attempt::unstorable) {
            if (items.size() > 1) return write_one_by_one(items);
            kBatchWriterLog.warning(
                "Batch refused by PostgreSQL",
                {{"hostname", items[0].prepared->batch.hostname}, {"error", error}});
            items[0].result = WriteResult::refused;
            return;
        }
        if (end == Attempt::failed) {
            kBatchWriterLog.error("Batches not stored",
                                  {{"batches", items.size()}, {"error", error}});
            return;
        }
        partitions_.forget();
    }
    if (items.size() > 1) return write_one_by_one(items);
    complain("other sessions came in between each time");
}

Attempt BatchWriter::attempt(std::vector<BatchItem>& items, Mode mode, std::string& error) {
    try {
        const Attempt end = try_group(items, mode);
        if (end == Attempt::unstorable) error = "a thousand batches of one host at one moment";
        return end;
    } catch (const DatabaseError& e) {
        error = e.what();
        if (sqlstate::is_fault_of_content(e.sqlstate())) return Attempt::unstorable;
        return sqlstate::may_pass_next_time(e.sqlstate()) ? Attempt::overtaken : Attempt::failed;
    }
}

void BatchWriter::complain(std::string_view error) {
    ++complaints_;
    const auto now = clock_.steady();
    if (now < next_complaint_) return;
    next_complaint_ = now + std::chrono::seconds{1};
    kBatchWriterLog.error("Batches not stored", {{"groups", complaints_}, {"error", error}});
    complaints_ = 0;
}

void BatchWriter::write_one_by_one(std::vector<BatchItem>& items) {
    for (BatchItem& item : items) {
        std::vector<BatchItem> single{{item.prepared}};
        write_all(single);
        item.result = single[0].result;
    }
}

// Throws DatabaseError if PostgreSQL refuses a statement.
Attempt BatchWriter::try_group(std::vector<BatchItem>& items, Mode mode) {
    for (bool first_session = true;; first_session = false) {
        try {
            std::vector<BatchItem*> kept;
            for (BatchItem& item : items) {
                if (partitions_.ensure_for(item.prepared->batch.time)) {
                    kept.push_back(&item);
                    insert_.make_room_for_services(item);
                } else {
                    item.result = WriteResult::expired;
                }
            }
            return kept.empty() ? Attempt::done : run_transaction(kept, mode);
        } catch (const CommitOutcomeUnknown& e) {
            forget(items);
            lease_.reset();
            kBatchWriterLog.warning("Unknown whether a group was stored", {{"error", e.what()}});
            for (BatchItem& item : items) item.result = WriteResult::unavailable;
            return Attempt::done;
        } catch (const DatabaseUnavailable&) {
            // Nothing was stored. A session that broke while it was idle says nothing about
            // PostgreSQL, so a fresh one is tried once.
            forget(items);
            const bool had_session = lease_.has_value();
            lease_.reset();
            for (BatchItem& item : items) item.result.reset();
            if (!first_session || !had_session) return Attempt::done;
        }
    }
}

void BatchWriter::forget(std::span<BatchItem> items) {
    layouts_.rolled_back();
    for (const auto& [host, series] : taken_) new_series_.give_back(host, series);
    taken_.clear();
    for (BatchItem& item : items) {
        hosts_.forget(item.prepared->batch.agent.id);
        item.host = nullptr;
        item.same_key = nullptr;
    }
}

Attempt BatchWriter::run_transaction(std::span<BatchItem*> items, Mode mode) {
    Session& session = this->session();
    // Locks are taken in one order by all writers; a stable sort keeps an agent's batches in order
    // of arrival where their keys are equal.
    std::stable_sort(items.begin(), items.end(),
                     [](const BatchItem* a, const BatchItem* b) { return a->key() < b->key(); });
    for (std::size_t i = 1; i < items.size(); ++i) {
        if (items[i]->key() != items[i - 1]->key()) continue;
        const BatchItem* earlier = items[i - 1];
        items[i]->same_key = earlier->same_key != nullptr ? earlier->same_key : earlier;
    }

    Transaction transaction{session};
    if (!find_hosts(session, items) || !hold_back_series(session, items) ||
        !decide(session, items)) {
        return Attempt::overtaken;
    }
    std::vector<BatchItem*> fresh;
    for (BatchItem* item : items) {
        if (item->result == WriteResult::stored) fresh.push_back(item);
    }
    if (!choose_times(session, fresh, mode == Mode::careful)) return Attempt::unstorable;
    if (!insert_.write(session, fresh)) return Attempt::overtaken;
    note_sightings(session, items);
    transaction.commit();
    layouts_.committed();
    taken_.clear();

    for (BatchItem* item : items) {
        if (item->same_key == nullptr) continue;
        const WriteResult first = *item->same_key->result;
        const bool same = item->prepared->payload_hash == item->same_key->prepared->payload_hash;
        const bool kept = first == WriteResult::stored || first == WriteResult::duplicate;
        item->result = !kept ? first : same ? WriteResult::duplicate : WriteResult::conflict;
    }
    return Attempt::done;
}

bool BatchWriter::find_hosts(Session& session, std::span<BatchItem*> items) {
    for (BatchItem* item : items) {
        if (item->same_key != nullptr) continue;
        HostRefusal refusal{};
        BatchHost* host = hosts_.find(session, *item->prepared, refusal);
        if (!accept_host(*item, host, refusal)) return false;
    }
    return true;
}

// The host as remembered may be another agent's by now, or another machine's.
bool BatchWriter::look_up(Session& session, BatchItem& item) {
    HostRefusal refusal{};
    BatchHost* host = hosts_.look_up(session, *item.prepared, refusal);
    return accept_host(item, host, refusal);
}

// Before a counter is marked: a batch that is deferred comes again.
bool BatchWriter::hold_back_series(Session& session, std::span<BatchItem*> items) {
    const BatchItem* counted = nullptr;  // an agent's batches lie together, mostly of one layout
    for (BatchItem* item : items) {
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
        if (!look_up(session, *item)) return false;
        if (item->host != nullptr) item->result = WriteResult::too_many_series;
    }
    return true;
}

bool BatchWriter::decide(Session& session, std::span<BatchItem*> items) {
    std::vector<BatchItem*> open;
    std::vector<StreamEntry> entries;
    for (BatchItem* item : items) {
        if (item->same_key != nullptr || item->result) continue;
        open.push_back(item);
        entries.push_back(
            {item->prepared, item->host->host_id, item->host->hostname, item->host->boot_id});
    }
    mark_new(session, entries);

    std::vector<BatchItem*> rest;
    for (std::size_t i = 0; i < open.size(); ++i) {
        if (entries[i].verdict == StreamVerdict::fresh) {
            open[i]->result = WriteResult::stored;
            continue;
        }
        if (!look_up(session, *open[i])) return false;
        if (open[i]->host != nullptr) rest.push_back(open[i]);
    }
    return decide_again(session, rest);
}

// What mark_new() left undecided.
bool BatchWriter::decide_again(Session& session, std::span<BatchItem* const> items) {
    std::vector<StreamEntry> entries;
    for (const BatchItem* item : items) entries.push_back({item->prepared, item->host->host_id});
    mark_carefully(session, entries);
    std::vector<BatchItem*> repeated;
    for (std::size_t i = 0; i < items.size(); ++i) {
        switch (entries[i].verdict) {
            case StreamVerdict::fresh:
                items[i]->result = WriteResult::stored;
                break;
            case StreamVerdict::full:
                items[i]->result = WriteResult::too_many_gaps;
                break;
            case StreamVerdict::repeated:
                repeated.push_back(items[i]);
                break;
            case StreamVerdict::undecided:  // the counter was deleted
                return false;
        }
    }
    if (!repeated.empty()) decide_repeated(session, repeated);
    return true;
}

void BatchWriter::decide_repeated(Session& session, std::span<BatchItem*> repeated) {
    std::vector<StreamEntry> entries;
    for (const BatchItem* item : repeated) entries.push_back({item->prepared, item->host->host_id});
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

// A host whose batches are deferred is not silent.
void BatchWriter::note_sightings(Session& session, std::span<BatchItem* const> items) {
    std::vector<HostSighting> sightings;
    for (const BatchItem* item : items) {
        const bool deferred = item->result == WriteResult::too_many_series;
        if (item->same_key != nullptr) continue;
        if (!deferred && item->result != WriteResult::stored) continue;
        sightings.push_back({item->host, item->prepared, deferred, item->time});
    }
    if (!sightings.empty()) note_hosts(session, sightings);
}

}  // namespace chorus::store
