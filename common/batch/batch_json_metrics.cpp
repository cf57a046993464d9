#include "common/batch/batch_json_metrics.h"

#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>
#include <vector>

#include "common/batch/batch_json.h"

namespace chorus {
namespace {

using Checker = BatchChecker;
using json_checks::Path;

constexpr json_checks::RealRange kAnyNumber{std::numeric_limits<double>::lowest(),
                                            std::numeric_limits<double>::max()};

// One entry: [metric_type, label, unit].
SeriesKey read_series(JsonValue value, const Path& at, Checker& check) {
    constexpr std::size_t parts = 3;
    SeriesKey key;
    const auto list = check.array(value, at);
    if (!list) return key;
    std::size_t index = 0;
    for (const JsonValue item : *list) {
        const Path here = at / index;
        if (index == 0) {
            key.metric_type = check.text(item, here, limits::kMetricTypeBytes);
            std::string_view raw;
            if (item.get(raw) == simdjson::SUCCESS && raw == key.metric_type &&
                !is_metric_type(raw)) {
                check.pattern_mismatch(here, kMetricTypePattern);
            }
        } else if (index == 1) {
            key.label = check.cut_text(item, here, limits::kLabelBytes);
        } else if (index == 2) {
            key.unit = check.cut_text(item, here, limits::kUnitBytes);
        }
        ++index;
    }
    if (index < parts) check.too_short(at, parts);
    if (index > parts) check.too_long(at, parts);
    return key;
}

// Which entries have the metric_type and label of an earlier one. Empty if none has.
std::vector<bool> repeated_series(const std::vector<SeriesKey>& layout) {
    struct Entry {
        std::uint64_t hash;
        std::size_t index;
    };
    std::vector<Entry> order;
    order.reserve(layout.size());
    for (const SeriesKey& key : layout) {
        const auto seed = XXH3_64bits(key.label.data(), key.label.size());
        order.push_back({XXH3_64bits_withSeed(key.metric_type.data(), key.metric_type.size(), seed),
                         order.size()});
    }
    const auto tie = [&](const Entry& e) {
        return std::tie(layout[e.index].metric_type, layout[e.index].label);
    };
    std::sort(order.begin(), order.end(), [&](const Entry& a, const Entry& b) {
        if (a.hash != b.hash) return a.hash < b.hash;
        if (tie(a) != tie(b)) return tie(a) < tie(b);
        return a.index < b.index;
    });
    std::vector<bool> repeated;
    for (std::size_t i = 1; i < order.size(); ++i) {
        if (order[i].hash != order[i - 1].hash || tie(order[i]) != tie(order[i - 1])) continue;
        repeated.resize(layout.size());
        repeated[order[i].index] = true;
    }
    return repeated;
}

// A label that two sources gave costs the second value, never the batch.
void keep_first_series(simdjson::dom::array layout, simdjson::dom::array values, const Path& at,
                       Batch& out, Checker& check) {
    const auto repeated = repeated_series(out.layout);
    if (repeated.empty()) return;
    std::size_t kept = 0, index = 0;
    auto value = values.begin();
    for (const JsonValue entry : layout) {
        if (repeated[index]) {
            check.warn(at / "layout" / index, "duplicate_item",
                       "A series (metric_type, label) should be given once; the first is kept",
                       entry);
            check.also_set_aside(*value);
        } else {
            if (kept != index) out.layout[kept] = std::move(out.layout[index]);
            out.values[kept++] = out.values[index];
        }
        ++index;
        ++value;
    }
    out.layout.resize(kept);
    out.values.resize(kept);
}

void read_layout(JsonValue value, const Path& at, std::vector<SeriesKey>& out, Checker& check) {
    const auto list = check.array(value, at);
    if (!list) return;
    if (list->size() > limits::kSeriesPerBatch) {
        check.too_long(at, limits::kSeriesPerBatch);
        return;
    }
    out.reserve(list->size());
    for (const JsonValue item : *list) {
        if (check.full()) return;
        out.push_back(read_series(item, at / out.size(), check));
    }
}

void read_values(JsonValue value, const Path& at, std::size_t expected, std::vector<double>& out,
                 Checker& check) {
    const auto list = check.array(value, at);
    if (!list) return;
    if (list->size() < expected) return check.too_short(at, expected);
    if (list->size() > expected) return check.too_long(at, expected);
    out.reserve(expected);
    for (const JsonValue item : *list) {
        double number = std::numeric_limits<double>::quiet_NaN();
        if (item.get(number) != simdjson::SUCCESS && !item.is_null()) {
            if (check.full()) return;
            check.real(item, at / out.size(), kAnyNumber);
        }
        out.push_back(number);
    }
}

}  // namespace

void read_metrics(JsonValue value, const Path& at, Batch& out, Checker& check) {
    const auto object = check.object(value, at);
    if (!object) return;
    std::optional<JsonValue> layout, values;
    for (const auto [key, item] : *object) {
        if (key == "layout") layout = item;
        if (key == "values") values = item;
    }
    if (!layout) check.missing(at / "layout");
    if (!values) check.missing(at / "values");
    if (!layout || !values) return;
    read_layout(*layout, at / "layout", out.layout, check);
    simdjson::dom::array entries;
    const bool counted =
        layout->get(entries) == simdjson::SUCCESS && entries.size() <= limits::kSeriesPerBatch;
    if (!counted) return;
    read_values(*values, at / "values", entries.size(), out.values, check);
    if (!check.failed()) keep_first_series(entries, simdjson::dom::array(*values), at, out, check);
}

}  // namespace chorus
