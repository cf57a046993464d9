#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "common/batch/batch_json.h"
#include "common/batch/batch_json_checks.h"
#include "common/batch/batch_json_processes.h"
#include "common/batch/batch_json_services.h"

namespace chorus {
namespace {

using Checker = BatchChecker;
using json_checks::IntegerRange;
using json_checks::kNatural31;
using json_checks::kNatural63;
using json_checks::Path;
using json_checks::RealRange;

constexpr RealRange kInterval{1, 86'400};
constexpr RealRange kAnyNumber{std::numeric_limits<double>::lowest(),
                               std::numeric_limits<double>::max()};
constexpr IntegerRange kTicksPerSecond{1, 1'000'000};
constexpr std::size_t kDetailBytes = 16U << 10U;

std::string pattern_text(std::string_view pattern) {
    return "String should match pattern '" + std::string(pattern) + "'";
}

void fail_pattern(const Path& at, std::string_view pattern, Checker& check) {
    check.fail(at, "string_pattern_mismatch", pattern_text(pattern),
               {{"pattern", std::string(pattern)}});
}

std::string_view read_hostname(JsonValue value, const Path& at, Checker& check) {
    std::string_view raw;
    const std::string_view text = check.text(value, at, limits::kHostnameBytes);
    const bool checked = value.get(raw) != simdjson::SUCCESS || text.size() != raw.size();
    if (!checked && !is_hostname(text)) fail_pattern(at, kHostnamePattern, check);
    return text;
}

void read_agent(JsonValue value, const Path& at, Batch& out, Checker& check) {
    const auto object = check.object(value, at);
    if (!object) return;
    bool identified = false;
    for (const auto [key, item] : *object) {
        const Path here = at / key;
        if (key == "id") {
            identified = true;
            out.agent.id = check.uuid(item, here).value_or(Uuid{});
        } else if (key == "version" && !item.is_null()) {
            out.agent.version = check.cut_text(item, here, limits::kLabelBytes);
        } else if (key == "interval_seconds" && !item.is_null()) {
            out.agent.interval_seconds = check.real(item, here, kInterval).value_or(30);
        }
    }
    if (!identified) check.missing(at / "id");
}

void read_host(JsonValue value, const Path& at, HostInfo& out, Checker& check) {
    if (value.is_null()) return;
    const auto object = check.object(value, at);
    if (!object) return;
    for (const auto [key, item] : *object) {
        if (item.is_null()) continue;
        const Path here = at / key;
        if (key == "os") {
            out.os = check.cut_text(item, here, limits::kLabelBytes);
        } else if (key == "kernel") {
            out.kernel = check.cut_text(item, here, limits::kLabelBytes);
        } else if (key == "cpu_model") {
            out.cpu_model = check.cut_text(item, here, limits::kLabelBytes);
        } else if (key == "cpu_count") {
            out.cpu_count = check.lenient_integer(item, here, kNatural31);
        } else if (key == "memory_total_bytes") {
            out.memory_total_bytes = check.lenient_integer(item, here, kNatural63);
        } else if (key == "boot_time") {
            out.boot_time = check.lenient_timestamp(item, here);
        } else if (key == "clock_ticks_per_second") {
            out.clock_ticks_per_second =
                check.lenient_integer(item, here, kTicksPerSecond).value_or(100);
        }
    }
}

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
                fail_pattern(here, kMetricTypePattern, check);
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

// An event's detail is kept as JSON; PostgreSQL's jsonb takes no U+0000 within it either.
bool has_nul(JsonValue value) {
    std::string_view text;
    if (value.get(text) == simdjson::SUCCESS) return text.find('\0') != std::string_view::npos;
    if (value.is_array()) {
        const simdjson::dom::array list = value;
        return std::any_of(list.begin(), list.end(), has_nul);
    }
    simdjson::dom::object object;
    if (value.get(object) != simdjson::SUCCESS) return false;
    return std::any_of(object.begin(), object.end(), [](const simdjson::dom::key_value_pair& pair) {
        return pair.key.find('\0') != std::string_view::npos || has_nul(pair.value);
    });
}

void read_detail(JsonValue value, const Path& at, Event& out, Checker& check) {
    if (value.is_null() || !check.object(value, at)) return;
    if (has_nul(value)) return check.fail(at, "string_nul", "String should not contain U+0000");
    std::string text = simdjson::minify(value);
    if (text.size() > kDetailBytes) {
        return check.warn(
            at, "too_long",
            "Detail should have at most " + std::to_string(kDetailBytes) + " bytes; it is left out",
            value);
    }
    out.detail_json = std::move(text);
}

// nullopt: it is left out.
std::optional<Event> read_event(simdjson::dom::object object, const Path& at, Checker& check) {
    Event event;
    bool typed = false, timed = false, kept = true;
    for (const auto [key, item] : object) {
        const Path here = at / key;
        if (key == "type") {
            typed = true;
            event.type = check.cut_text(item, here, limits::kMetricTypeBytes);
        } else if (key == "timestamp") {
            timed = true;
            const auto time = check.lenient_timestamp(item, here);
            kept = time.has_value();
            event.time = time.value_or(Timestamp{});
        } else if (key == "detail") {
            read_detail(item, here, event, check);
        }
    }
    if (!typed) check.missing(at / "type");
    if (!timed) check.missing(at / "timestamp");
    return kept ? std::optional{std::move(event)} : std::nullopt;
}

void read_events(JsonValue value, const Path& at, std::vector<Event>& out, Checker& check) {
    if (value.is_null()) return;
    const auto list = check.array(value, at);
    if (!list) return;
    const std::size_t most = check.cut_list(value, at, limits::kEventsPerBatch);
    std::set<std::tuple<Timestamp, std::string, std::string>> seen;
    std::size_t index = 0;
    for (const JsonValue item : *list) {
        if (check.full() || index == most) return;
        const Path here = at / index++;
        const auto object = check.object(item, here);
        auto event = object ? read_event(*object, here, check) : std::nullopt;
        if (!event) continue;
        if (!seen.emplace(event->time, event->type, event->detail_json).second) {
            check.warn(here, "duplicate_item", "An event should be given once; the first is kept",
                       item);
            continue;
        }
        out.push_back(std::move(*event));
    }
}

// Members of the root that must be there.
struct Seen {
    bool agent = false, epoch = false, seq = false, hostname = false, boot_id = false;
    bool timestamp = false, sent_at = false, metrics = false;

    void report(const Path& root, Checker& check) const {
        const std::pair<bool, std::string_view> needed[] = {
            {agent, "agent"},       {epoch, "epoch"},     {seq, "seq"},
            {hostname, "hostname"}, {boot_id, "boot_id"}, {timestamp, "timestamp"},
            {sent_at, "sent_at"},   {metrics, "metrics"}};
        for (const auto& [there, name] : needed) {
            if (!there) check.missing(root / name);
        }
    }
};

void read_member(std::string_view key, JsonValue item, const Path& here, Batch& out, Seen& seen,
                 Checker& check) {
    if (key == "agent") {
        seen.agent = true;
        read_agent(item, here, out, check);
    } else if (key == "epoch") {
        seen.epoch = true;
        out.epoch = check.uuid(item, here).value_or(Uuid{});
    } else if (key == "seq") {
        seen.seq = true;
        // One below the largest, so that the half-open range [seq, seq + 1) still fits in bigint.
        constexpr IntegerRange range{0, std::numeric_limits<std::int64_t>::max() - 1};
        out.seq = check.integer(item, here, range).value_or(0);
    } else if (key == "hostname") {
        seen.hostname = true;
        out.hostname = read_hostname(item, here, check);
    } else if (key == "boot_id") {
        seen.boot_id = true;
        out.boot_id = check.uuid(item, here).value_or(Uuid{});
    } else if (key == "timestamp") {
        seen.timestamp = true;
        out.time = check.timestamp(item, here).value_or(Timestamp{});
    } else if (key == "sent_at") {
        seen.sent_at = true;
        out.sent_at = check.timestamp(item, here).value_or(Timestamp{});
    } else if (key == "host") {
        read_host(item, here, out.host, check);
    } else if (key == "metrics") {
        seen.metrics = true;
        read_metrics(item, here, out, check);
    } else if (key == "processes" && !item.is_null()) {
        out.processes = read_processes(item, here, check);
    } else if (key == "events") {
        read_events(item, here, out.events, check);
    } else if (key == "services") {
        read_service_checks(item, here, out.services, check);
    }
}

void check_whole(const Batch& batch, const Path& root, Checker& check) {
    if (batch.time > batch.sent_at + limits::kFutureTolerance) {
        check.fail(root / "timestamp", "datetime_parsing",
                   "Input should be at most 10 minutes after sent_at");
    }
    if (batch.layout.empty() && (!batch.processes || batch.processes->rows.empty())) {
        const Path metrics = root / "metrics";
        check.too_short(metrics / "layout", 1);
    }
}

}  // namespace

Batch read_batch(const JsonValue& body, FieldErrors& errors) {
    FieldErrors warnings;
    return read_batch(body, errors, warnings);
}

Batch read_batch(const JsonValue& body, FieldErrors& errors, FieldErrors& warnings) {
    Batch out;
    Checker check{errors, warnings};
    const Path root{"body"};
    const auto object = check.object(body, root);
    if (!object) return out;
    Seen seen;
    for (const auto [key, item] : *object) read_member(key, item, root / key, out, seen, check);
    seen.report(root, check);
    if (!check.failed()) check_whole(out, root, check);
    out.set_aside = check.set_aside();
    return out;
}

}  // namespace chorus
