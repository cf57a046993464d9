// The processes of an alert, in one line of a message.
#pragma once

#include <string>

#include "aggregator/alert_store/notification_store.h"

namespace chorus::notify {

// "burner (4711) 99.5% CPU (+98.1 in an hour), 12 MB; sh (12) 3 MB". At most five processes, in the
// order of `top_processes` of the alert's metadata. Empty if nothing is known. The first figure of
// each is the one that the rule is about (`ranked_by` of the context).
std::string top_processes(const store::Notification& notification);

}  // namespace chorus::notify
