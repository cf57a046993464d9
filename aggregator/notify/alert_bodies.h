// Bodies of HTTP notifications.
#pragma once

#include <string>

#include "aggregator/notify/channel.h"

namespace chorus::notify {

// Where people find the alerts: base URL of the dashboard.
struct Links {
    std::string external_url;  // without a slash at its end
    std::string of(const store::Notification& notification) const;
};

// The body of Alertmanager's webhook, version 4. Each alert has an `idempotencyKey` besides, which
// stays the same when the message comes again.
std::string webhook_body(const Message& message, const Links& links);

// The array that Alertmanager's POST /api/v2/alerts takes. What fires ends at `firing_until` unless
// it is told again.
std::string alertmanager_body(const Notifications& notifications, const Links& links,
                              Timestamp firing_until);

// {"text": ..., "attachments": [...]} as Slack, Mattermost and Rocket.Chat take it.
std::string slack_body(const Message& message, const Links& links);

// "firing" or "resolved"; a message fires as long as one of its alerts does.
std::string_view status_word(const store::Notification& notification);
std::string_view status_word(const Message& message);

}  // namespace chorus::notify
