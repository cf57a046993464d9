#include "aggregator/api/alerts/alert_input.h"

#include "aggregator/rules/field_reader.h"
#include "common/batch/batch.h"
#include "common/json/json_reader.h"

namespace chorus::api {
namespace {

using alerts::FieldReader;
using json_checks::Checker;
using json_checks::Path;
using store::AlertStatus;
using store::Severity;

constexpr std::size_t kTypeLength = 100;       // characters
constexpr std::size_t kNameLength = 255;       // characters
constexpr std::size_t kCommentLength = 2'000;  // characters
constexpr std::size_t kDescriptionBytes = 32U << 10U;
constexpr std::size_t kMetadataBytes = 16U << 10U;

constexpr alerts::Names<Severity, 5> kSeverityNames{{{"critical", Severity::critical},
                                                     {"high", Severity::high},
                                                     {"medium", Severity::medium},
                                                     {"low", Severity::low},
                                                     {"info", Severity::info}}};
constexpr alerts::Names<AlertStatus, 4> kStatusNames{{{"active", AlertStatus::active},
                                                      {"acknowledged", AlertStatus::acknowledged},
                                                      {"resolved", AlertStatus::resolved},
                                                      {"suppressed", AlertStatus::suppressed}}};

// A text that may be null, which means the same as its absence.
std::optional<std::string> optional_text(FieldReader& fields, std::string_view name,
                                         std::size_t most) {
    const auto value = fields.find(name);
    if (!value || value->is_null()) return std::nullopt;
    std::string text;
    fields.text(name, text, most);
    return text;
}

std::string metadata(JsonValue value, const Path& at, Checker& checker) {
    const auto object = checker.object(value, at);
    if (!object) return "{}";
    std::string json = simdjson::minify(*object);
    if (json.size() > kMetadataBytes) {
        checker.fail(
            at, "too_long",
            "Metadata should have at most " + std::to_string(kMetadataBytes) + " bytes as JSON",
            {{"max_length", static_cast<std::int64_t>(kMetadataBytes)}});
    }
    return json;
}

}  // namespace

store::NewAlert parse_alert(JsonValue body, FieldErrors& errors) {
    store::NewAlert alert;
    Checker checker{errors};
    const Path root{"body"};
    const auto object = checker.object(body, root);
    if (!object) return alert;
    FieldReader fields{*object, root, checker};
    fields.required_text("alert_type", alert.alert_type, kTypeLength);
    if (fields.has("severity")) {
        fields.choice("severity", kSeverityNames, alert.severity);
    } else {
        fields.missing("severity");
    }
    fields.required_text("source", alert.source, kNameLength);
    fields.required_text("title", alert.title, kNameLength);
    if (const auto text = fields.find("description"); text && !text->is_null()) {
        alert.description =
            std::string(checker.text(*text, root / "description", kDescriptionBytes));
    }
    if (const auto value = fields.find("alert_metadata")) {
        alert.metadata_json = metadata(*value, root / "alert_metadata", checker);
    }
    alert.hostname = optional_text(fields, "hostname", limits::kHostnameBytes);
    return alert;
}

AlertChange parse_alert_change(JsonValue body, FieldErrors& errors) {
    AlertChange change;
    Checker checker{errors};
    const Path root{"body"};
    const auto object = checker.object(body, root);
    if (!object) return change;
    FieldReader fields{*object, root, checker};
    if (fields.has("status")) {
        change.status = AlertStatus::active;
        fields.choice("status", kStatusNames, *change.status);
    }
    change.acknowledged_by = optional_text(fields, "acknowledged_by", kNameLength);
    change.resolved_by = optional_text(fields, "resolved_by", kNameLength);
    change.comment = optional_text(fields, "comment", kCommentLength);
    return change;
}

}  // namespace chorus::api
