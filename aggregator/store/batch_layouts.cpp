#include "aggregator/store/batch_layouts.h"

#include <string>

#include "aggregator/store/sha256.h"
#include "common/series_tags.h"

namespace chorus::store {
namespace {

// Above this the cache starts anew; hosts of one kind share layouts, so few are live at a time.
constexpr std::size_t kMostCached = 4'096;

constexpr Statement kFindLayout{"find_layout",
                                "SELECT layout_id FROM monitoring.layouts WHERE digest = $1"};

// No row comes back if another session inserted it first; it is committed by then.
constexpr Statement kInsertLayout{"insert_layout",
                                  "INSERT INTO monitoring.layouts (digest) VALUES ($1)"
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

std::int32_t find_or_insert(Session& session, const std::vector<SeriesKey>& series) {
    const std::string digest = digest_of(series);
    const Parameters key = Parameters{}.bytea(digest);
    if (const Result found = session.execute(kFindLayout, key); !found.empty()) {
        return found[0].int4(0);
    }
    if (const Result inserted = session.execute(kInsertLayout, key); !inserted.empty()) {
        return insert_entries(session, inserted[0].int4(0), series);
    }
    const Result found = session.execute(kFindLayout, key);
    if (found.empty()) throw DatabaseError("40001", "a layout vanished while it was looked up");
    return found[0].int4(0);
}

}  // namespace

std::int32_t BatchLayouts::id_of(Session& session, const PreparedBatch& prepared) {
    const auto& series = prepared.batch.layout;
    for (const auto* cache : {&known_, &learnt_}) {
        const auto [first, last] = cache->equal_range(prepared.layout_hash);
        for (auto at = first; at != last; ++at) {
            if (at->second.series == series) return at->second.layout_id;
        }
    }
    const std::int32_t id = find_or_insert(session, series);
    learnt_.emplace(prepared.layout_hash, Known{series, id});
    return id;
}

void BatchLayouts::committed() {
    if (learnt_.empty()) return;
    if (known_.size() + learnt_.size() > kMostCached) known_.clear();
    known_.merge(learnt_);
    learnt_.clear();
}

}  // namespace chorus::store
