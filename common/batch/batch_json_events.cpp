#include "common/batch/batch_json_events.h"

#include <algorithm>
#include <set>
#include <tuple>
#include <utility>

namespace chorus {
namespace {

using Checker = BatchChecker;
using json_checks::Path;

constexpr std::size_t kDetailBytes = 16U << 10U;

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

}  // namespace

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

}  // namespace chorus
