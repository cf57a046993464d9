// The outbox of notifications: announced channels, claimed messages, outcomes.
//
// Nothing here puts a notification into it. The trigger transitions_notify does, whenever a row of
// alert_transitions is written (aggregator/schema/migrations/0013_notifications.sql). It chooses
// the channels by the alert's rule, by the defaults that announce_channels() wrote, and by who was
// told of the alert before. It writes one row of monitoring.notifications for each channel, in the
// transaction of the transition.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "aggregator/alert_store/alert_reader.h"
#include "aggregator/postgres/session.h"

namespace chorus::store {

// What an aggregator's settings say about a channel. No address, no secret.
struct AnnouncedChannel {
    std::string channel;      // "webhook:ops"
    bool is_default = false;  // gets alerts whose rule names no channels
};

// Says that this program has these channels. Repeat it within 10 minutes. A channel that nobody
// announces stops being a default, and a bare "webhook" does not mean it any more.
void announce_channels(Session& session, std::span<const AnnouncedChannel> channels);

// One transition on its way to one channel.
struct Notification {
    std::int64_t id = 0;
    TransitionRow transition;
    AlertRow alert;                      // as it stood at the transition
    std::optional<std::string> context;  // JSON of put_contexts()
};

// Notifications of one channel that go out as one message, at most one of each alert.
struct ClaimedMessage {
    std::string channel;
    std::int64_t message_id = 0;
    int attempt = 1;          // 1 = the first
    int failures = 0;         // of the channel, in a row
    bool taken_over = false;  // somebody claimed the channel before and noted no outcome
    std::vector<Notification> notifications;
};

// Which channels a worker serves: named ones, or all of a kind ("email").
struct ChannelChoice {
    std::vector<std::string> channels{};
    std::vector<std::string> kinds{};
};

// Claims one channel that has something to send and is not claimed, and takes its oldest message.
// nullopt if there is none. The claim holds for `duration`; after that others may take it. A
// message is put together at its first attempt, from at most `most` notifications. It stays the
// same unless it is refused. The notifications of an alert come in the order of its transitions.
// Runs in a transaction of its own.
std::optional<ClaimedMessage> claim_message(Session& session, const ChannelChoice& choice,
                                            const std::string& claimant,
                                            std::chrono::milliseconds duration, int most);

enum class DeliveryOutcome {
    delivered,
    retry,       // the same message again, after `retry_in`
    refused,     // this message will never be taken; others may be
    impossible,  // none to this address ever will
};

struct Delivery {
    DeliveryOutcome outcome = DeliveryOutcome::delivered;
    std::string error{};  // a sentence without secrets
    std::chrono::milliseconds retry_in{0};
};

// Whether the alerts of a message are sent one by one from now on. If they were refused together,
// one of them may be the cause, or their number.
bool goes_apart(const ClaimedMessage& message, const Delivery& delivery);

// Notes the outcome of a message and ends the claim. False, and nothing is noted, if the claim was
// lost. Runs in a transaction of its own.
bool finish_message(Session& session, const ClaimedMessage& message, const std::string& claimant,
                    const Delivery& delivery);

// Claims a channel without a message, to send something else in between. False if it is claimed,
// waits to be tried again, or does not exist. release_channel() ends the claim. For the time of
// `rest` nothing is then sent to the channel.
bool claim_channel(Session& session, const std::string& channel, const std::string& claimant,
                   std::chrono::milliseconds duration);
void release_channel(Session& session, const std::string& channel, const std::string& claimant,
                     std::chrono::milliseconds rest);

// Open alerts that are not suppressed and were sent to the channel. At most `limit`, oldest first.
std::vector<Notification> read_open_told(Session& session, const std::string& channel,
                                         std::int64_t limit);

// Marks as failed what waits longer than `most`. For the channel redis, which is best effort, the
// limit is `most_redis`. Returns how many.
std::int64_t expire_notifications(Session& session, std::chrono::seconds most,
                                  std::chrono::seconds most_redis);

}  // namespace chorus::store
