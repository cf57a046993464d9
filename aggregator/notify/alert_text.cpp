#include "aggregator/notify/alert_text.h"

#include <algorithm>

#include "aggregator/notify/alert_labels.h"
#include "aggregator/notify/top_processes.h"
#include "common/text.h"

namespace chorus::notify {
namespace {

constexpr std::size_t kLongestSubject = 200;

std::string name_of(const store::Notification& notification) {
    return one_line(alert_summary(notification.alert));
}

// Whole characters only.
std::string cut(std::string text, std::size_t most) {
    if (text.size() <= most) return text;
    std::size_t end = 0;
    while (end < text.size()) {
        const auto length = utf8_sequence_length(std::string_view{text}.substr(end));
        if (length == 0 || end + length > most - 3) break;
        end += length;
    }
    return text.substr(0, end) + "...";
}

// What stands first in a subject: whoever reads no more shall not take news for an outbreak.
std::string_view subject_word(const Message& message) {
    const auto event = event_of(message.notifications[0]);
    const bool same =
        std::all_of(message.notifications.begin(), message.notifications.end(),
                    [&](const store::Notification& one) { return event_of(one) == event; });
    return same && (event == "acknowledged" || event == "updated") ? event : status_word(message);
}

std::string upper(std::string_view word) {
    std::string text{word};
    for (char& c : text) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    return text;
}

}  // namespace

std::string subject_of(const Message& message) {
    std::string text = "[" + upper(subject_word(message)) + "] ";
    if (message.notifications.size() == 1) {
        const auto& one = message.notifications[0];
        text += name_of(one) + " (" + std::string(to_string(one.alert.severity)) + ")";
    } else {
        text += std::to_string(message.notifications.size()) + " alerts: ";
        for (std::size_t i = 0; i < message.notifications.size(); ++i) {
            text += (i == 0 ? "" : ", ") + name_of(message.notifications[i]);
            if (text.size() > kLongestSubject) break;
        }
    }
    return cut(std::move(text), kLongestSubject);
}

std::string headline_of(const store::Notification& notification) {
    const auto event = event_of(notification);
    const std::string_view word =
        event == "created" || event == "reopened" ? std::string_view{"firing"} : event;
    return name_of(notification) + ": " + std::string(word) + " (" +
           std::string(to_string(notification.alert.severity)) + ")";
}

std::string details_of(const store::Notification& notification) {
    std::string text;
    const auto line = [&](std::string_view name, std::string_view value) {
        if (value.empty()) return;
        text += std::string(name) + one_line(value) + "\n";
    };
    line("", notification.alert.description.value_or(""));
    line("Source: ", notification.alert.source);
    line("By: ", notification.transition.actor.value_or(""));
    line("Comment: ", notification.transition.comment.value_or(""));
    line("Top processes: ", top_processes(notification));
    line("Since: ", format_timestamp(notification.alert.created_at));
    if (notification.transition.to == store::AlertStatus::resolved) {
        line("Until: ", format_timestamp(notification.transition.at));
    }
    return text;
}

std::string text_of(const Message& message, const Links& links) {
    std::string text;
    for (const auto& one : message.notifications) {
        text += headline_of(one) + "\n" + details_of(one) + links.of(one) + "\n\n";
    }
    return text;
}

}  // namespace chorus::notify
