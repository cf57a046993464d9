#include "aggregator/notify/alert_bodies.h"

#include <algorithm>

#include "aggregator/notify/alert_labels.h"
#include "aggregator/notify/alert_text.h"
#include "common/json_writer.h"

namespace chorus::notify {
namespace {

// How Go writes "no time": the alert has not ended.
constexpr std::string_view kNoTime = "0001-01-01T00:00:00Z";

bool is_resolved(const store::Notification& notification) {
    return notification.transition.to == store::AlertStatus::resolved;
}

void write_labels(JsonWriter& out, std::string_view name, const Labels& labels) {
    out.key(name).begin_object();
    for (const auto& [key, value] : labels) out.field(key, value);
    out.end_object();
}

// What all alerts have in common.
Labels common(const Notifications& all, Labels (*read)(const store::Notification&)) {
    Labels shared;
    for (std::size_t i = 0; i < all.size(); ++i) {
        Labels own = read(all[i]);
        if (i == 0) {
            shared = std::move(own);
            continue;
        }
        Labels both;
        std::set_intersection(shared.begin(), shared.end(), own.begin(), own.end(),
                              std::back_inserter(both));
        shared = std::move(both);
    }
    return shared;
}

// Slack's markup: these three and nothing else.
std::string escape_slack(std::string_view text) {
    std::string out;
    for (const char c : text) {
        if (c == '&') {
            out += "&amp;";
        } else if (c == '<') {
            out += "&lt;";
        } else if (c == '>') {
            out += "&gt;";
        } else {
            out += c;
        }
    }
    return out;
}

std::string_view color(const store::Notification& notification) {
    if (is_resolved(notification)) return "good";
    switch (notification.alert.severity) {
        case store::Severity::critical:
        case store::Severity::high:
            return "danger";
        case store::Severity::medium:
            return "warning";
        default:
            return "#439FE0";
    }
}

}  // namespace

std::string Links::of(const store::Notification& notification) const {
    return external_url + "/ui/alerts/" + notification.alert.id.to_string();
}

std::string_view status_word(const store::Notification& notification) {
    return is_resolved(notification) ? "resolved" : "firing";
}

std::string_view status_word(const Message& message) {
    return std::all_of(message.notifications.begin(), message.notifications.end(), is_resolved)
               ? "resolved"
               : "firing";
}

std::string webhook_body(const Message& message, const Links& links) {
    JsonWriter out;
    out.begin_object()
        .field("version", "4")
        .field("groupKey", "chorus:" + message.channel)
        .field("truncatedAlerts", 0)
        .field("status", status_word(message))
        .field("receiver", message.channel);
    write_labels(out, "groupLabels", {});
    write_labels(out, "commonLabels", common(message.notifications, &alert_labels));
    write_labels(out, "commonAnnotations", common(message.notifications, &alert_annotations));
    out.field("externalURL", links.external_url).key("alerts").begin_array();
    for (const auto& one : message.notifications) {
        out.begin_object().field("status", status_word(one));
        write_labels(out, "labels", alert_labels(one));
        write_labels(out, "annotations", alert_annotations(one));
        out.field("startsAt", one.alert.created_at);
        is_resolved(one) ? out.field("endsAt", one.transition.at) : out.field("endsAt", kNoTime);
        out.field("generatorURL", links.of(one))
            .field("fingerprint", one.alert.fingerprint.value_or(one.alert.id.to_string()))
            .field("alertId", one.alert.id.to_string())
            .field("event", event_of(one))
            .field("idempotencyKey", idempotency_key(one, message.channel))
            .end_object();
    }
    out.end_array().end_object();
    return out.take();
}

std::string alertmanager_body(const Notifications& notifications, const Links& links,
                              Timestamp firing_until) {
    JsonWriter out;
    out.begin_array();
    for (const auto& one : notifications) {
        out.begin_object();
        write_labels(out, "labels", alert_labels(one));
        write_labels(out, "annotations", alert_annotations(one));
        out.field("startsAt", one.alert.created_at)
            .field("endsAt", is_resolved(one) ? one.transition.at : firing_until)
            .field("generatorURL", links.of(one))
            .end_object();
    }
    out.end_array();
    return out.take();
}

std::string slack_body(const Message& message, const Links& links) {
    JsonWriter out;
    out.begin_object()
        .field("text", escape_slack(subject_of(message)))
        .key("attachments")
        .begin_array();
    for (const auto& one : message.notifications) {
        out.begin_object()
            .field("color", color(one))
            .field("fallback", escape_slack(headline_of(one)))
            .field("title", escape_slack(headline_of(one)))
            .field("title_link", links.of(one))
            .field("text", escape_slack(details_of(one)))
            .field("ts", to_unix_micros(one.transition.at) / 1'000'000)
            .end_object();
    }
    out.end_array().end_object();
    return out.take();
}

}  // namespace chorus::notify
