// Alerts as text for mail and chat.
#pragma once

#include <string>

#include "aggregator/notify/alert_bodies.h"

namespace chorus::notify {

// "[FIRING] High CPU on web-01 (critical)", or "[FIRING] 3 alerts: High CPU on web-01, ...". One
// line, at most 200 bytes.
std::string subject_of(const Message& message);
// "High CPU on web-01: resolved (critical)"
std::string headline_of(const store::Notification& notification);
// The details of an alert, one line each: description, who changed it, the top processes.
std::string details_of(const store::Notification& notification);
// A whole mail.
std::string text_of(const Message& message, const Links& links);

}  // namespace chorus::notify
