#include "aggregator/batches/batch_layouts.h"

#include <algorithm>
#include <optional>
#include <string>

#include "aggregator/postgres/sha256.h"
#include "common/batch/series_tags.h"

namespace chorus::store {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

// Retention is a day at least, so a layout that was used the day before is not being deleted.
constexpr days kNeverDeleted{1};

constexpr Statement kFindLayout{"find_layout",
                                "SELECT layout_id, last_used_day FROM monitoring.layouts"
                                " WHERE digest = $1"};

// Passes over a row that another writer is noting at this moment, so that writers who share layouts
// never wait for each other in a circle.
constexpr Statement kNoteUse{"note_layout_use", R"sql(
UPDATE monitoring.layouts SET last_used_day = greatest(last_used_day, $2)
WHERE layout_id = (SELECT layout_id FROM monitoring.layouts
                   WHERE layout_id = $1 FOR UPDATE SKIP LOCKED)
)sql"};

// Of one that retention may be deleting: waits to see.
constexpr Statement kReviveLayout{"revive_layout", R"sql(
UPDATE monitoring.layouts SET last_used_day = greatest(last_used_day, $2) WHERE layout_id = $1
)sql"};

// No row comes back if another session inserted it first; it is committed by then.
constexpr Statement kInsertLayout{
    "insert_layout",
    "INSERT INTO monitoring.layouts (digest, last_used_day) VALUES ($1, $2)"
    " ON CONFLICT (digest) DO NOTHING RETURNING layout_id"};

constexpr Statement kInsertEntries{"insert_layout_entries", R"sql(
INSERT INTO monitoring.layout_entries (layout_id, position, metric_type, label, unit, tags)
SELECT $1, e.position, e.metric_type, e.label, e.unit, e.tags
FROM unnest($2::text[], $3::text[], $4::text[], $5::jsonb[])
     WITH ORDINALITY AS e (metric_type, label, unit, tags, position)
)sql"};

std::string digest_of(const std::vector<SeriesKey>& series) {
    std::string bytes;
    const auto add = [&](const std::string& text) {
        bytes += std::to_string(text.size());
        bytes += ':';
        bytes += text;
    };
    for (const SeriesKey& key : series) {
        add(key.metric_type);
        add(key.label);
        add(key.unit);
    }
    return sha256(bytes);
}

std::int32_t insert_entries(Session& session, std::int32_t layout_id,
                            const std::vector<SeriesKey>& series) {
    if (series.empty()) return layout_id;
    std::vector<std::string> types, labels, units, tags;
    for (const SeriesKey& key : series) {
        types.push_back(key.metric_type);
        labels.push_back(key.label);
        units.push_back(key.unit);
        tags.push_back(series_tags_json(key));
    }
    session.execute(kInsertEntries, Parameters{}
                                        .int4(layout_id)
                                        .text_array(types)
                                        .text_array(labels)
                                        .text_array(units)
                                        .json_array(tags));
    return layout_id;
}

struct Found {
    std::int32_t layout_id;
    sys_days noted;
};

// Nothing if there is none, or none any more.
std::optional<Found> find(Session& session, const Parameters& key, sys_days day) {
    const Result found = session.execute(kFindLayout, key);
    if (found.empty()) return std::nullopt;
    const Found layout{found[0].int4(0), found[0].date(1)};
    if (layout.noted >= day) return layout;
    const Parameters use = Parameters{}.int4(layout.layout_id).date(day);
    if (day - layout.noted <= kNeverDeleted) {
        const bool noted = session.execute(kNoteUse, use).affected() > 0;
        return Found{layout.layout_id, noted ? day : layout.noted};
    }
    if (session.execute(kReviveLayout, use).affected() == 0) return std::nullopt;
    return Found{layout.layout_id, day};
}

std::optional<Found> find_or_insert(Session& session, const std::vector<SeriesKey>& series,
                                    sys_days day) {
    const std::string digest = digest_of(series);
    const Parameters key = Parameters{}.bytea(digest);
    if (const auto found = find(session, key, day)) return found;
    const Result inserted = session.execute(kInsertLayout, Parameters{}.bytea(digest).date(day));
    if (!inserted.empty()) return Found{insert_entries(session, inserted[0].int4(0), series), day};
    return find(session, key, day);
}

}  // namespace

bool BatchLayouts::exists(Session& session, const PreparedBatch& prepared) {
    const auto& series = prepared.batch.layout;
    if (known_.find(prepared.layout_hash, series) != nullptr) return true;
    const Result found = session.execute(kFindLayout, Parameters{}.bytea(digest_of(series)));
    if (found.empty()) return false;
    learnt_.put(prepared.layout_hash, {series, found[0].int4(0), found[0].date(1)});
    return true;
}

std::optional<std::int32_t> BatchLayouts::id_of(Session& session, const PreparedBatch& prepared) {
    const auto& series = prepared.batch.layout;
    // Also of a batch that claims to be of a later day, as far as those are accepted.
    const auto day = std::chrono::floor<days>(std::max(prepared.received_at, prepared.batch.time));
    for (auto* cache : {&known_, &learnt_}) {
        const auto* known = cache->find(prepared.layout_hash, series);
        if (known != nullptr && known->noted >= day) return known->layout_id;
    }
    const auto found = find_or_insert(session, series, day);
    if (!found) return std::nullopt;
    learnt_.put(prepared.layout_hash, {series, found->layout_id, found->noted});
    return found->layout_id;
}

}  // namespace chorus::store
