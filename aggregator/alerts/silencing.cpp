#include "aggregator/alerts/silencing.h"

#include "aggregator/alert_store/alert_store.h"
#include "aggregator/alert_store/silence_match.h"
#include "aggregator/schema/lease.h"
#include "common/log.h"

namespace chorus::alerts {

using store::AlertStatus;

namespace {

constexpr Logger kSilencingLog{"silences"};

}  // namespace

Silenced apply_silences(store::Session& session, Timestamp now) {
    Silenced outcome;
    const auto silences = store::active_silences(session, now);
    if (silences.empty() && !store::any_silenced(session)) return outcome;
    std::optional<std::unordered_set<std::string>> silent;  // read when it is needed
    const auto of_silent_host = [&](const store::SilenceSubject& subject) {
        if (!subject.hostname || subject.alert_type == "host_silent") return false;
        if (!silent) silent = store::silent_hosts(session);
        return silent->contains(*subject.hostname);
    };
    std::vector<store::StatusChange> changes;
    std::vector<store::HandOver> handed_over;
    for (const auto& subject : store::silence_subjects(session)) {
        const auto* silence = store::find_silence(silences, subject);
        const bool hidden = subject.status == AlertStatus::suppressed;
        if (hidden && !store::is_silenced(subject)) {
            if (silence == nullptr) continue;
            // It stays suppressed when the host is back.
            handed_over.push_back({subject.alert_id, store::silence_reason(silence->id)});
            ++outcome.suppressed;
            continue;
        }
        if (hidden == (silence != nullptr)) continue;
        if (silence != nullptr) {
            const auto reason = store::silence_reason(silence->id);
            changes.push_back({.alert_id = subject.alert_id,
                               .to = AlertStatus::suppressed,
                               .actor = silence->created_by,
                               .comment = silence->comment,
                               .only_from = AlertStatus::active,
                               .suppressed_by = reason});
            ++outcome.suppressed;
        } else if (of_silent_host(subject)) {
            // Active for a moment it would be told to everybody before the evaluator mutes it.
            handed_over.push_back({subject.alert_id, store::kInhibitedReason});
        } else {
            changes.push_back({.alert_id = subject.alert_id,
                               .to = AlertStatus::active,
                               .actor = *subject.suppressed_by,
                               .comment = "the silence has ended",
                               .only_from = AlertStatus::suppressed});
            ++outcome.returned;
        }
    }
    store::change_statuses(session, changes, now);
    store::hand_over(session, handed_over, now);
    return outcome;
}

void apply_silences_as_leader(store::Database& database, std::int64_t epoch, Timestamp now) {
    const auto session = database.acquire();
    store::Transaction transaction{*session};
    store::hold_leadership(*session, epoch);
    const auto outcome = apply_silences(*session, now);
    transaction.commit();
    if (outcome.suppressed == 0 && outcome.returned == 0) return;
    kSilencingLog.info("Silences applied", {{"alerts_suppressed", outcome.suppressed},
                                            {"alerts_returned", outcome.returned}});
}

}  // namespace chorus::alerts
