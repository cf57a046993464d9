// Bodies of HTTP notifications.
#pragma once

#include <string>

#include "aggregator/notify/channel.h"

namespace chorus::notify {

// Where people find the alerts.
struct Links {
    std::string external_url;  // without a slash at its end
    std::string of(const store::Notification& notification) const;
};

// The body of Alertmanager's webhook, version 4. Each alert also has an `idempotencyKey`, which
// stays the same if the message is sent again.
std::string webhook_body(const Message& message, const Links& links);

// The array for Alertmanager's POST /api/v2/alerts. A firing alert ends there at `firing_until`,
// unless it is sent again.
std::string alertmanager_body(const Notifications& notifications, const Links& links,
                              Timestamp firing_until);

// {"text": ..., "attachments": [...]} as Slack, Mattermost and Rocket.Chat take it.
std::string slack_body(const Message& message, const Links& links);

// "firing" or "resolved". A message fires if one of its alerts does.
std::string_view status_word(const store::Notification& notification);
std::string_view status_word(const Message& message);

}  // namespace chorus::notify
