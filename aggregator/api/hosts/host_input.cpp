#include "aggregator/api/hosts/host_input.h"

#include <algorithm>

#include "common/json/json_checks.h"
#include "common/json/unknown_name.h"
#include "common/json_writer.h"

namespace chorus::api {
namespace {

using json_checks::Checker;
using json_checks::Path;

constexpr std::size_t kMostThresholds = 100;
constexpr std::size_t kMostNameBytes = 63, kMostValueBytes = 255, kMostRuleNameBytes = 1'020;
constexpr double kGreatest = 1e300;
constexpr double kLeastInterval = 1, kLongestInterval = 3'600;  // seconds
constexpr const char* kLabelPattern = "^[A-Za-z_][A-Za-z0-9_.-]{0,62}$";

bool is_label_name(std::string_view name) {
    const auto letter = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
    };
    return !name.empty() && name.size() <= kMostNameBytes && letter(name.front()) &&
           std::all_of(name.begin(), name.end(), [&](char c) {
               return letter(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
           });
}

void check_text(Checker& checker, std::string_view text, const Path& at) {
    const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
    if (std::any_of(text.begin(), text.end(), control)) {
        checker.fail(at, "string_pattern_mismatch", "String should have no control characters");
    }
}

std::string read_labels(Checker& checker, simdjson::dom::object labels, const Path& at) {
    if (labels.size() > kMostLabels) checker.too_long(at, kMostLabels);
    JsonWriter out;
    out.begin_object();
    for (const auto [name, value] : labels) {
        const Path here = at / name;
        if (!is_label_name(name)) {
            checker.fail(here, "string_pattern_mismatch",
                         std::string("String should match pattern '") + kLabelPattern + "'",
                         {{"pattern", kLabelPattern}});
        }
        const auto text = checker.text(value, here, kMostValueBytes);
        check_text(checker, text, here);
        out.field(name, text);
    }
    out.end_object();
    return out.take();
}

std::string read_thresholds(Checker& checker, simdjson::dom::object thresholds, const Path& at) {
    if (thresholds.size() > kMostThresholds) checker.too_long(at, kMostThresholds);
    JsonWriter out;
    out.begin_object();
    for (const auto [name, value] : thresholds) {
        const Path here = at / name;
        if (name.empty() || name.size() > kMostRuleNameBytes) {
            checker.fail(here, "value_error",
                         "Value error, a threshold is named after a metric type or a rule");
        }
        check_text(checker, name, here);
        out.field(name, checker.real(value, here, {-kGreatest, kGreatest}));
    }
    out.end_object();
    return out.take();
}

}  // namespace

store::HostSettings parse_host_settings(JsonValue body, FieldErrors& errors) {
    store::HostSettings settings;
    Checker checker{errors};
    const Path root{"body"};
    const auto object = checker.object(body, root);
    if (!object) return settings;
    const auto member = [&](std::string_view name) -> std::optional<simdjson::dom::object> {
        JsonValue value;
        if ((*object)[name].get(value) != simdjson::SUCCESS) return std::nullopt;
        return checker.object(value, root / name);
    };
    if (const auto labels = member("labels")) {
        settings.labels_json = read_labels(checker, *labels, root / "labels");
    }
    if (const auto thresholds = member("thresholds")) {
        settings.thresholds_json = read_thresholds(checker, *thresholds, root / "thresholds");
    }
    refuse_unknown(*object, root, {"labels", "thresholds", "interval_seconds"}, checker);
    JsonValue interval;
    if ((*object)["interval_seconds"].get(interval) == simdjson::SUCCESS) {
        settings.interval_seconds.emplace();
        if (!interval.is_null()) {
            *settings.interval_seconds = checker.real(interval, root / "interval_seconds",
                                                      {kLeastInterval, kLongestInterval});
        }
    }
    return settings;
}

}  // namespace chorus::api
