#include "aggregator/notify/alert_labels.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <map>

#include "aggregator/alert_store/alert_json.h"
#include "aggregator/notify/top_processes.h"
#include "common/json/json_reader.h"

namespace chorus::notify {
namespace {

constexpr std::size_t kLongestValue = 1'024;

using Fields = std::map<std::string, std::string>;
using Object = simdjson::dom::object;

// Text and numbers as people read them; empty for everything else.
std::string plain(JsonValue value) {
    if (std::string_view text; value.get(text) == simdjson::SUCCESS) return std::string(text);
    if (bool flag = false; value.get(flag) == simdjson::SUCCESS) return flag ? "true" : "false";
    if (std::int64_t n = 0; value.get(n) == simdjson::SUCCESS) return std::to_string(n);
    if (double number = 0; value.get(number) == simdjson::SUCCESS) {
        std::array<char, 32> buffer{};
        std::snprintf(buffer.data(), buffer.size(), "%.6g", number);
        return buffer.data();
    }
    return {};
}

std::string member(Object object, std::string_view name) {
    JsonValue value;
    return object[name].get(value) == simdjson::SUCCESS ? plain(value) : std::string();
}

// The metadata, or an empty object. The reader keeps what the result points to.
std::optional<Object> parse_object(JsonReader& reader, const std::string& json) {
    try {
        Object object;
        if (reader.parse(json).get(object) == simdjson::SUCCESS) return object;
    } catch (const JsonError&) {
        // Metadata is whatever clients stored: what cannot be read is left out.
    }
    return std::nullopt;
}

Labels listed(Fields fields) {
    Labels labels;
    for (auto& [name, value] : fields) {
        if (value.empty()) continue;
        if (value.size() > kLongestValue) value.resize(kLongestValue);  // UTF-8 is repaired later
        labels.emplace_back(name, std::move(value));
    }
    return labels;
}

}  // namespace

std::string_view event_of(const store::Notification& notification) {
    return store::event_name(notification.transition.from, notification.transition.to);
}

Labels alert_labels(const store::Notification& notification) {
    const auto& alert = notification.alert;
    Fields fields;
    fields["alertname"] = alert.rule_name.value_or(alert.title);
    fields["severity"] = to_string(alert.severity);
    fields["hostname"] = alert.hostname.value_or("");
    fields["rule_type"] = alert.alert_type;
    fields["source"] = alert.source;
    fields["fingerprint"] = alert.fingerprint.value_or(alert.id.to_string());
    JsonReader reader;
    if (const auto metadata = parse_object(reader, alert.metadata_json)) {
        fields["service"] = member(*metadata, "service_name");
        fields["process"] = member(*metadata, "process_name");
        fields["label"] = member(*metadata, "label");
    }
    return listed(std::move(fields));
}

Labels alert_annotations(const store::Notification& notification) {
    const auto& alert = notification.alert;
    Fields fields;
    JsonReader reader;
    if (const auto metadata = parse_object(reader, alert.metadata_json)) {
        for (const auto field : *metadata) fields[std::string(field.key)] = plain(field.value);
    }
    fields["summary"] = alert_summary(alert);
    fields["description"] = alert.description.value_or("");
    fields["status"] = to_string(alert.status);
    fields["acknowledged_by"] = alert.acknowledged_by.value_or("");
    fields["resolved_by"] = alert.resolved_by.value_or("");
    fields["comment"] = notification.transition.comment.value_or("");
    fields["top_processes"] = top_processes(notification);
    return listed(std::move(fields));
}

}  // namespace chorus::notify
