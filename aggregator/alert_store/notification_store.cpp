#include "aggregator/alert_store/notification_store.h"

namespace chorus::store {
namespace {

constexpr Statement kAnnounce{"channels_announce", R"sql(
INSERT INTO monitoring.notification_channels AS c (channel, kind, is_default, configured_at)
SELECT g.channel, split_part(g.channel, ':', 1), g.is_default, now()
FROM unnest($1::text[], $2::boolean[]) AS g (channel, is_default)
ORDER BY g.channel
ON CONFLICT (channel) DO UPDATE
SET is_default = excluded.is_default, configured_at = excluded.configured_at
)sql"};

constexpr Statement kClaimDue{"channel_claim_due", R"sql(
WITH due AS (
    SELECT c.channel, c.claimed_by
    FROM monitoring.notification_channels c
    WHERE (c.channel = ANY ($1) OR c.kind = ANY ($2))
      AND (c.claimed_until IS NULL OR c.claimed_until <= clock_timestamp())
      AND (c.retry_at IS NULL OR c.retry_at <= clock_timestamp())
      AND EXISTS (SELECT FROM monitoring.notifications n
                  WHERE n.channel = c.channel AND n.state = 'pending')
    ORDER BY c.retry_at NULLS FIRST
    LIMIT 1
    FOR UPDATE OF c SKIP LOCKED
)
UPDATE monitoring.notification_channels c
SET claimed_by = $3, claimed_until = clock_timestamp() + $4
FROM due
WHERE c.channel = due.channel
RETURNING c.channel, c.failures, due.claimed_by IS NOT NULL
)sql"};

// A message that was begun comes first, as it was put together. A new one takes the oldest
// notification of each alert.
constexpr Statement kPick{"message_pick", R"sql(
WITH begun AS (
    SELECT n.message_id
    FROM monitoring.notifications n
    WHERE n.channel = $1 AND n.state = 'pending' AND n.message_id IS NOT NULL
    ORDER BY n.notification_id
    LIMIT 1
), chosen AS (
    SELECT n.notification_id
    FROM monitoring.notifications n
    JOIN begun b ON b.message_id = n.message_id
    WHERE n.channel = $1 AND n.state = 'pending'
    UNION ALL
    SELECT min(o.notification_id)
    FROM (SELECT n.notification_id, n.alert_id
          FROM monitoring.notifications n
          WHERE n.channel = $1 AND n.state = 'pending'
          ORDER BY n.notification_id
          LIMIT $2) o
    WHERE NOT EXISTS (SELECT FROM begun)
    GROUP BY o.alert_id
), updated AS (
    UPDATE monitoring.notifications n
    SET attempts = n.attempts + 1,
        message_id = coalesce(n.message_id, (SELECT min(notification_id) FROM chosen))
    FROM chosen c
    WHERE n.notification_id = c.notification_id
    RETURNING n.notification_id, n.transition_id, n.alert_id, n.attempts, n.message_id
)
SELECT u.notification_id, u.transition_id, u.alert_id, u.attempts, u.message_id
FROM updated u
ORDER BY u.notification_id
)sql"};

constexpr Statement kEndClaim{"channel_end_claim", R"sql(
UPDATE monitoring.notification_channels
SET claimed_by = NULL,
    claimed_until = NULL,
    failures = CASE WHEN $3 THEN failures + 1 ELSE 0 END,
    retry_at = CASE WHEN $3 THEN clock_timestamp() + $4 END,
    last_error = $5,
    last_delivered_at = CASE WHEN $6 THEN now() ELSE last_delivered_at END
WHERE channel = $1 AND claimed_by = $2
)sql"};

constexpr Statement kFinish{"message_finish", R"sql(
UPDATE monitoring.notifications
SET state = $3,
    finished_at = CASE WHEN $3 <> 'pending' THEN now() END,
    last_error = $4
WHERE channel = $1 AND message_id = $2 AND state = 'pending'
)sql"};

// Each notification becomes a message that was begun, so all of them go before anything newer of
// their alerts.
constexpr Statement kTakeApart{"message_take_apart", R"sql(
UPDATE monitoring.notifications
SET message_id = notification_id,
    last_error = $3
WHERE channel = $1 AND message_id = $2 AND state = 'pending'
)sql"};

constexpr Statement kClaimChannel{"channel_claim", R"sql(
UPDATE monitoring.notification_channels
SET claimed_by = $2, claimed_until = clock_timestamp() + $3
WHERE channel = $1
  AND (claimed_until IS NULL OR claimed_until <= clock_timestamp())
  AND (retry_at IS NULL OR retry_at <= clock_timestamp())
)sql"};

constexpr Statement kReleaseChannel{"channel_release", R"sql(
UPDATE monitoring.notification_channels
SET claimed_by = NULL,
    claimed_until = NULL,
    retry_at = CASE WHEN $3 > interval '0' THEN clock_timestamp() + $3 ELSE retry_at END
WHERE channel = $1 AND claimed_by = $2
)sql"};

constexpr Statement kOpenTold{"notifications_open_told", R"sql(
SELECT max(n.notification_id), max(n.transition_id), a.id, 0, 0::bigint
FROM monitoring.alerts a
JOIN monitoring.notifications n ON n.alert_id = a.id AND n.channel = $1
WHERE a.status IN ('active', 'acknowledged')
GROUP BY a.id
ORDER BY 1
LIMIT $2
)sql"};

constexpr Statement kExpire{"notifications_expire", R"sql(
UPDATE monitoring.notifications
SET state = 'failed',
    finished_at = now(),
    last_error = concat_ws(': ', 'given up after ' || attempts || ' attempts', last_error)
WHERE state = 'pending'
  AND created_at < now() - CASE channel WHEN 'redis' THEN $2 ELSE $1 END
)sql"};

// The alert as it stood when the transition happened, as far as its stamps tell.
void turn_back(AlertRow& alert, const TransitionRow& transition) {
    alert.status = transition.to;
    if (transition.to != AlertStatus::resolved) {
        alert.resolved_at.reset();
        alert.resolved_by.reset();
    }
    if (transition.to == AlertStatus::active) {
        alert.acknowledged_at.reset();
        alert.acknowledged_by.reset();
    }
}

std::vector<Notification> read_notifications(Session& session, const Result& rows) {
    std::vector<Notification> all;
    for (const auto row : rows) {
        auto transition = read_transition(session, row.int8(1));
        auto alert = read_alert(session, row.uuid(2));
        if (!transition || !alert) continue;  // deleted meanwhile
        Notification one;
        one.id = row.int8(0);
        one.transition = std::move(*transition);
        one.alert = std::move(*alert);
        if (auto context = read_context(session, one.alert.id)) one.context = context->json;
        turn_back(one.alert, one.transition);
        all.push_back(std::move(one));
    }
    return all;
}

}  // namespace

void announce_channels(Session& session, std::span<const AnnouncedChannel> channels) {
    std::vector<std::string> names;
    std::vector<bool> defaults;
    for (const auto& channel : channels) {
        names.push_back(channel.channel);
        defaults.push_back(channel.is_default);
    }
    session.execute(kAnnounce, Parameters{}.text_array(names).boolean_array(defaults));
}

std::optional<ClaimedMessage> claim_message(Session& session, const ChannelChoice& choice,
                                            const std::string& claimant,
                                            std::chrono::milliseconds duration, int most) {
    Transaction transaction{session};
    const auto claimed = session.execute(kClaimDue, Parameters{}
                                                        .text_array(choice.channels)
                                                        .text_array(choice.kinds)
                                                        .text(claimant)
                                                        .interval(duration));
    if (claimed.empty()) return std::nullopt;
    ClaimedMessage message;
    message.channel = claimed[0].text(0);
    message.failures = static_cast<int>(claimed[0].int8(1));
    message.taken_over = claimed[0].boolean(2);
    const auto rows = session.execute(kPick, Parameters{}.text(message.channel).int8(most));
    if (rows.empty()) return std::nullopt;
    message.attempt = static_cast<int>(rows[0].int8(3));
    message.message_id = rows[0].int8(4);
    message.notifications = read_notifications(session, rows);
    transaction.commit();
    return message;
}

bool goes_apart(const ClaimedMessage& message, const Delivery& delivery) {
    return delivery.outcome == DeliveryOutcome::refused && message.notifications.size() > 1;
}

bool finish_message(Session& session, const ClaimedMessage& message, const std::string& claimant,
                    const Delivery& delivery) {
    const bool again = delivery.outcome == DeliveryOutcome::retry;
    const bool delivered = delivery.outcome == DeliveryOutcome::delivered;
    const std::string_view state = again ? "pending" : delivered ? "delivered" : "failed";
    const std::optional<std::string_view> error =
        delivered ? std::nullopt : std::optional<std::string_view>{delivery.error};
    Transaction transaction{session};
    const auto ended = session.execute(kEndClaim, Parameters{}
                                                      .text(message.channel)
                                                      .text(claimant)
                                                      .boolean(again)
                                                      .interval(delivery.retry_in)
                                                      .text(error)
                                                      .boolean(delivered));
    if (ended.affected() == 0) return false;
    if (goes_apart(message, delivery)) {
        session.execute(kTakeApart,
                        Parameters{}.text(message.channel).int8(message.message_id).text(error));
    } else {
        session.execute(
            kFinish,
            Parameters{}.text(message.channel).int8(message.message_id).text(state).text(error));
    }
    transaction.commit();
    return true;
}

bool claim_channel(Session& session, const std::string& channel, const std::string& claimant,
                   std::chrono::milliseconds duration) {
    return session
               .execute(kClaimChannel, Parameters{}.text(channel).text(claimant).interval(duration))
               .affected() == 1;
}

void release_channel(Session& session, const std::string& channel, const std::string& claimant,
                     std::chrono::milliseconds rest) {
    session.execute(kReleaseChannel, Parameters{}.text(channel).text(claimant).interval(rest));
}

std::vector<Notification> read_open_told(Session& session, const std::string& channel,
                                         std::int64_t limit) {
    return read_notifications(session,
                              session.execute(kOpenTold, Parameters{}.text(channel).int8(limit)));
}

std::int64_t expire_notifications(Session& session, std::chrono::seconds most,
                                  std::chrono::seconds most_redis) {
    return session.execute(kExpire, Parameters{}.interval(most).interval(most_redis)).affected();
}

}  // namespace chorus::store
