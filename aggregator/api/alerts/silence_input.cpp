#include "aggregator/api/alerts/silence_input.h"

#include <algorithm>
#include <array>

#include "aggregator/rules/field_reader.h"
#include "common/json/json_reader.h"
#include "common/json_writer.h"

namespace chorus::api {
namespace {

using alerts::FieldReader;
using json_checks::Checker;
using json_checks::Path;
using store::Severity;

constexpr std::size_t kSilenceNameLength = 255;       // characters
constexpr std::size_t kSilenceCommentLength = 2'000;  // characters
constexpr std::size_t kMostWindows = 21;
constexpr std::int64_t kMostMinutes = 10LL * 366 * 24 * 60;
constexpr const char* kExample = R"([{"days": ["sat", "sun"], "start": "22:00", "end": "06:00"}])";
constexpr std::array<std::string_view, 7> kDays{"mon", "tue", "wed", "thu", "fri", "sat", "sun"};

template <typename Words>
bool contains(const Words& words, std::string_view word) {
    return std::find(words.begin(), words.end(), word) != words.end();
}

void read_severity(JsonValue value, const Path& at, Checker& checker,
                   std::vector<Severity>& target) {
    std::string_view name;
    if (value.get(name) != simdjson::SUCCESS) {
        checker.fail(at, "string_type", "Input should be a valid string");
    } else if (const auto severity = store::severity_from_name(name)) {
        target.push_back(*severity);
    } else {
        const std::string pattern = "^(critical|high|medium|low|info)$";
        checker.fail(at, "string_pattern_mismatch", "String should match pattern '" + pattern + "'",
                     {{"pattern", pattern}});
    }
}

// One word or a list of words.
std::vector<Severity> read_severities(JsonValue value, const Path& at, Checker& checker) {
    std::vector<Severity> severities;
    simdjson::dom::array list;
    if (value.get(list) != simdjson::SUCCESS) {
        read_severity(value, at, checker, severities);
        return severities;
    }
    if (list.size() == 0) checker.too_short(at, 1);
    if (list.size() > store::kSeverities.size()) {
        checker.too_long(at, store::kSeverities.size());
        return severities;
    }
    std::size_t index = 0;
    for (const JsonValue element : list) read_severity(element, at / index++, checker, severities);
    return severities;
}

store::SilenceMatchers read_matchers(JsonValue value, const Path& at, Checker& checker) {
    store::SilenceMatchers matchers;
    const auto object = checker.object(value, at);
    if (!object) return matchers;
    if (object->size() == 0) {
        checker.fail(at, "too_short",
                     "Give at least one matcher: hostname, alert_type, source, rule_id, rule_name"
                     " or severity; {\"hostname\": \"*\"} is every alert of a host");
    }
    FieldReader fields{*object, at, checker};
    const auto glob = [&](std::string_view name, std::optional<std::string>& target) {
        std::string text;
        if (!fields.has(name)) return;
        fields.glob(name, text);
        target = text;
    };
    glob("hostname", matchers.hostname);
    glob("alert_type", matchers.alert_type);
    glob("source", matchers.source);
    glob("rule_name", matchers.rule_name);
    if (const auto id = fields.find("rule_id")) {
        matchers.rule_id = checker.uuid(*id, at / "rule_id");
    }
    if (const auto severity = fields.find("severity")) {
        matchers.severities = read_severities(*severity, at / "severity", checker);
    }
    fields.refuse_others();  // a misspelt matcher that is ignored would silence far too much
    return matchers;
}

bool is_time_of_day(std::string_view text, bool may_be_24) {
    if (text == "24:00") return may_be_24;
    const auto digit = [&](std::size_t i) { return text[i] >= '0' && text[i] <= '9'; };
    return text.size() == 5 && digit(0) && digit(1) && text[2] == ':' && digit(3) && digit(4) &&
           text.substr(0, 2) < "24" && text[3] < '6';
}

std::string read_time_of_day(FieldReader& fields, std::string_view name, bool may_be_24) {
    std::string text;
    fields.required_text(name, text, kSilenceNameLength);
    if (!text.empty() && !is_time_of_day(text, may_be_24)) {
        fields.fail(name, "time_parsing",
                    may_be_24 ? "Input should be a time of day, 00:00 to 24:00"
                              : "Input should be a time of day, 00:00 to 23:59");
    }
    return text;
}

std::vector<std::string> read_days(FieldReader& fields, const Path& at, Checker& checker) {
    std::vector<std::string> days;
    const auto value = fields.find("days");
    if (!value) {
        fields.missing("days");
        return days;
    }
    const auto list = checker.array(*value, at / "days");
    if (!list) return days;
    if (list->size() == 0) checker.too_short(at / "days", 1);
    if (list->size() > kDays.size()) checker.too_long(at / "days", kDays.size());
    std::size_t index = 0;
    for (const JsonValue element : *list) {
        std::string_view day;
        if (element.get(day) != simdjson::SUCCESS || !contains(kDays, day)) {
            checker.fail(at / "days" / index, "string_pattern_mismatch",
                         "Input should be one of mon, tue, wed, thu, fri, sat, sun");
        }
        days.emplace_back(day);
        if (++index > kDays.size()) break;
    }
    return days;
}

void read_window(JsonValue value, const Path& at, Checker& checker, JsonWriter& out) {
    const auto object = checker.object(value, at);
    if (!object) return;
    FieldReader fields{*object, at, checker};
    const auto days = read_days(fields, at, checker);
    const std::string start = read_time_of_day(fields, "start", false);
    const std::string end = read_time_of_day(fields, "end", true);
    if (!start.empty() && start == end) {
        fields.fail("end", "value_error",
                    "Value error, the window is empty; 00:00 to 24:00 is a whole day");
    }
    fields.refuse_others();
    out.begin_object().key("days").begin_array();
    for (const auto& day : days) out.value(day);
    out.end_array().field("start", start).field("end", end).end_object();
}

std::string read_windows(JsonValue value, const Path& at, Checker& checker) {
    simdjson::dom::array list;
    if (value.get(list) != simdjson::SUCCESS) {
        checker.fail(at, "list_type",
                     std::string("Input should be a valid list, such as ") + kExample);
        return "[]";
    }
    if (list.size() == 0) checker.too_short(at, 1);
    if (list.size() > kMostWindows) checker.too_long(at, kMostWindows);
    JsonWriter out;
    out.begin_array();
    std::size_t index = 0;
    for (const JsonValue window : list) {
        if (checker.full()) break;
        read_window(window, at / index++, checker, out);
    }
    return out.end_array().take();
}

std::optional<store::WeeklyWindows> read_weekly(JsonValue value, const Path& at, Checker& checker) {
    const auto object = checker.object(value, at);
    if (!object) return std::nullopt;
    FieldReader fields{*object, at, checker};
    store::WeeklyWindows weekly;
    fields.required_text("time_zone", weekly.time_zone, kSilenceNameLength);
    if (const auto windows = fields.find("windows")) {
        weekly.windows_json = read_windows(*windows, at / "windows", checker);
    } else {
        checker.fail(at / "windows", "missing",
                     std::string("Field required, a list such as ") + kExample);
    }
    fields.refuse_others();
    return weekly;
}

std::optional<Timestamp> read_end(FieldReader& fields, const Path& root, Checker& checker,
                                  Timestamp start) {
    std::optional<Timestamp> end;
    if (const auto value = fields.find("ends_at"); value && !value->is_null()) {
        end = checker.timestamp(*value, root / "ends_at");
    }
    if (fields.has("duration_minutes")) {
        std::int64_t minutes = 0;
        fields.integer("duration_minutes", minutes, {1, kMostMinutes});
        if (end) {
            fields.fail("duration_minutes", "value_error",
                        "Value error, give ends_at or duration_minutes, not both");
        }
        if (minutes > 0) end = start + std::chrono::minutes{minutes};
    }
    return end;
}

// As opposed to one that could not be read, which is told already.
bool has_no_end(FieldReader& fields) {
    const auto end = fields.find("ends_at");
    return (!end || end->is_null()) && !fields.has("duration_minutes");
}

void require_future_end(FieldReader& fields, std::optional<Timestamp> end, Timestamp start,
                        Timestamp now) {
    if (end && *end <= std::max(start, now)) {
        fields.fail("ends_at", "value_error",
                    "Value error, the end must be after the start and in the future");
    }
}

}  // namespace

store::SilenceRow parse_silence(JsonValue body, Timestamp now, FieldErrors& errors) {
    store::SilenceRow silence;
    Checker checker{errors};
    const Path root{"body"};
    const auto object = checker.object(body, root);
    if (!object) return silence;
    FieldReader fields{*object, root, checker};
    if (const auto matchers = fields.find("matchers")) {
        silence.matchers = read_matchers(*matchers, root / "matchers", checker);
    } else {
        fields.missing("matchers");
    }
    silence.starts_at = now;
    if (const auto start = fields.find("starts_at"); start && !start->is_null()) {
        silence.starts_at = checker.timestamp(*start, root / "starts_at").value_or(now);
    }
    silence.ends_at = read_end(fields, root, checker, silence.starts_at);
    require_future_end(fields, silence.ends_at, silence.starts_at, now);
    if (const auto weekly = fields.find("weekly"); weekly && !weekly->is_null()) {
        silence.weekly = read_weekly(*weekly, root / "weekly", checker);
    } else if (!fields.has("ends_at") && !fields.has("duration_minutes")) {
        fields.missing("ends_at");
    } else if (has_no_end(fields)) {
        fields.fail("ends_at", "value_error", "Value error, only a weekly silence may have no end");
    }
    fields.required_text("comment", silence.comment, kSilenceCommentLength);
    if (const auto by = fields.find("created_by"); by && !by->is_null()) {
        fields.text("created_by", silence.created_by, kSilenceNameLength);
    }
    fields.refuse_others();
    return silence;
}

SilenceChange parse_silence_change(JsonValue body, Timestamp now, FieldErrors& errors) {
    SilenceChange change;
    Checker checker{errors};
    const Path root{"body"};
    const auto object = checker.object(body, root);
    if (!object) return change;
    FieldReader fields{*object, root, checker};
    fields.boolean("expire", change.expire);
    if (const auto value = fields.find("ends_at")) {
        change.ends_at.emplace();
        if (!value->is_null()) *change.ends_at = checker.timestamp(*value, root / "ends_at");
        require_future_end(fields, *change.ends_at, now, now);
        if (change.expire) {
            fields.fail("ends_at", "value_error", "Value error, give expire or ends_at, not both");
        }
    }
    if (const auto comment = fields.find("comment"); comment && !comment->is_null()) {
        change.comment.emplace();
        fields.text("comment", *change.comment, kSilenceCommentLength);
    }
    fields.refuse_others();
    return change;
}

}  // namespace chorus::api
