#include "aggregator/notify/notifier.h"

#include <algorithm>

#include "aggregator/notify/http_channels.h"
#include "aggregator/schema/lease.h"
#include "common/log.h"

namespace chorus::notify {
namespace {

using std::chrono::milliseconds;
using store::DeliveryOutcome;

constexpr Logger kNotifierLog{"notify"};
// Longer than an attempt can take, so that a claim is lost only by those who died.
constexpr milliseconds kClaim = kSendDeadline + std::chrono::seconds{10};
constexpr milliseconds kLook{5'000};  // for what nobody woke us for
constexpr int kFailuresToRest = 5;
constexpr milliseconds kRest{30'000};
constexpr std::int64_t kMostRepeated = 10'000;
constexpr std::size_t kRepeatedAtOnce = 500;

}  // namespace

Notifier::Notifier(store::Database& database, const Channels& channels, std::string name,
                   NotifierOptions options, MetricsRegistry& metrics)
    : database_(database),
      channels_(channels),
      name_(std::move(name)),
      options_(options),
      metrics_(metrics) {}

void Notifier::start() {
    for (const auto& choice : channels_.choices()) {
        threads_.emplace_back([this, choice] { work(choice); });
    }
}

void Notifier::stop() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
    threads_.clear();
}

void Notifier::wake() {
    {
        const std::lock_guard lock{mutex_};
        ++calls_;
    }
    wake_.notify_all();
}

bool Notifier::sleep(milliseconds most, std::uint64_t& seen) {
    std::unique_lock lock{mutex_};
    wake_.wait_for(lock, most, [&] { return stopping_ || calls_ != seen; });
    seen = calls_;
    return !stopping_;
}

milliseconds Notifier::retry_after(int failures) {
    const auto random = [this](milliseconds least, milliseconds most) {
        const std::lock_guard lock{mutex_};
        return milliseconds{
            std::uniform_int_distribution<milliseconds::rep>(least.count(), most.count())(random_)};
    };
    if (failures >= kFailuresToRest) return random(kRest, 2 * kRest);
    return random(milliseconds{50}, milliseconds{1'000} * (1 << failures));
}

Counter& Notifier::counted(const std::string& channel, const char* result) {
    // Addresses are no label: there may be any number of them.
    const std::string label = channel.starts_with("email:") ? "email" : channel;
    return metrics_.counter("chorus_aggregator_notifications_total",
                            "Messages by channel and what became of an attempt.",
                            {{"channel", label}, {"result", result}});
}

void Notifier::work(const store::ChannelChoice& choice) {
    using Steady = std::chrono::steady_clock;
    std::unique_ptr<Channel> channel;
    std::string channel_name;
    std::uint64_t seen = 0;
    auto due = Steady::now();  // of the next attempt after a failure; a call does not hasten it
    milliseconds pause{0};
    while (sleep(pause, seen)) {
        pause = kLook;
        try {
            const auto next = send_one(choice, channel, channel_name);
            const auto now = Steady::now();
            if (next) due = now + *next;
            if (next || due > now) {
                pause =
                    std::clamp(std::chrono::ceil<milliseconds>(due - now), milliseconds{0}, kLook);
            }
        } catch (const store::DatabaseError& e) {
            kNotifierLog.debug("The outbox cannot be read", {{"error", e.what()}});
        } catch (const std::exception& e) {
            kNotifierLog.error("A notification failed", {{"error", e.what()}});
        }
    }
}

std::optional<milliseconds> Notifier::send_one(const store::ChannelChoice& choice,
                                               std::unique_ptr<Channel>& channel,
                                               std::string& channel_name) {
    const auto claimed =
        store::claim_message(*database_.acquire(), choice, name_, kClaim, options_.most_alerts);
    if (!claimed) return std::nullopt;
    const std::string& name = claimed->channel;
    if (claimed->taken_over) counted(name, "repeated").add();
    if (!channel || channel_name != name) {
        channel = channels_.open(name);
        channel_name = name;
    }
    store::Delivery delivery;
    milliseconds asked_wait{0};
    if (claimed->notifications.empty()) {
        delivery.outcome = DeliveryOutcome::impossible;  // the alerts were deleted meanwhile
    } else if (!channel) {
        delivery = {DeliveryOutcome::impossible, "no such channel is configured", {}};
    } else {
        auto result = channel->send({name, claimed->notifications});
        delivery = {result.outcome, std::move(result.error), {}};
        asked_wait = result.asked_wait;
    }
    if (delivery.outcome == DeliveryOutcome::retry) {
        delivery.retry_in = std::max(retry_after(claimed->failures), asked_wait);
    }
    const bool noted = store::finish_message(*database_.acquire(), *claimed, name_, delivery);
    report(*claimed, delivery);
    if (!noted) kNotifierLog.warning("Another aggregator took a channel over", {{"channel", name}});
    return delivery.retry_in;
}

void Notifier::report(const store::ClaimedMessage& message, const store::Delivery& delivery) {
    const std::string& name = message.channel;
    const auto alerts = message.notifications.size();
    switch (delivery.outcome) {
        case DeliveryOutcome::delivered:
            counted(name, "delivered").add();
            kNotifierLog.info("Notification sent", {{"channel", name},
                                                    {"message_id", message.message_id},
                                                    {"alerts", alerts},
                                                    {"attempt", message.attempt}});
            break;
        case DeliveryOutcome::retry:
            counted(name, "retried").add();
            kNotifierLog.warning("Notification not delivered yet",
                                 {{"channel", name},
                                  {"message_id", message.message_id},
                                  {"attempt", message.attempt},
                                  {"error", delivery.error},
                                  {"retry_in_ms", delivery.retry_in.count()}});
            break;
        case DeliveryOutcome::refused:
        case DeliveryOutcome::impossible:
            if (store::goes_apart(message, delivery)) {
                counted(name, "split").add();
                kNotifierLog.warning("Notification refused, its alerts are sent one by one",
                                     {{"channel", name},
                                      {"message_id", message.message_id},
                                      {"alerts", alerts},
                                      {"error", delivery.error}});
                break;
            }
            counted(name, "failed").add();
            kNotifierLog.error("Notification refused", {{"channel", name},
                                                        {"message_id", message.message_id},
                                                        {"alerts", alerts},
                                                        {"error", delivery.error}});
            break;
    }
}

void Notifier::announce() {
    store::announce_channels(*database_.acquire(), channels_.announced());
}

void Notifier::repeat_to_alertmanager() {
    const std::string name = "alertmanager";
    const auto channel = channels_.open(name);
    if (!channel) return;
    const std::string claimant = name_ + "/repeat";
    // Under the claim, so that nothing old is told behind something new, and not while the channel
    // waits to be tried again.
    milliseconds asked_wait{0};
    if (!store::claim_channel(*database_.acquire(), name, claimant, 2 * kClaim)) return;
    const auto firing = store::read_open_told(*database_.acquire(), name, kMostRepeated);
    for (std::size_t i = 0; i < firing.size(); i += kRepeatedAtOnce) {
        const auto end = std::min(firing.size(), i + kRepeatedAtOnce);
        const auto result =
            channel->send({name, Notifications(firing.begin() + static_cast<std::ptrdiff_t>(i),
                                               firing.begin() + static_cast<std::ptrdiff_t>(end))});
        if (result.outcome == DeliveryOutcome::delivered) continue;
        kNotifierLog.warning("Alertmanager was not told again", {{"error", result.error}});
        // Of a message that it refuses Alertmanager takes all but the bad alerts; those of the next
        // ones would end there if they were not told again.
        asked_wait = result.asked_wait;
        if (result.outcome == DeliveryOutcome::retry) break;
    }
    store::release_channel(*database_.acquire(), name, claimant, asked_wait);
    wake();
}

void Notifier::give_up_old(std::int64_t epoch) {
    const auto session = database_.acquire();
    store::Transaction transaction{*session};
    store::hold_leadership(*session, epoch);
    const auto count =
        store::expire_notifications(*session, options_.most_age, options_.most_age_redis);
    transaction.commit();
    if (count > 0) kNotifierLog.error("Notifications given up", {{"count", count}});
}

SendResult send_test(Channel& channel, const std::string& channel_name, const std::string& hostname,
                     Timestamp now) {
    store::Notification one;
    one.alert.id = Uuid::random();
    one.alert.alert_type = "test";
    one.alert.severity = store::Severity::info;
    one.alert.source = "test:" + hostname;
    one.alert.title = "Test notification";
    one.alert.description = "Sent by chorus-aggregator notify-test; nothing is wrong.";
    one.alert.metadata_json = "{}";
    one.alert.created_at = one.alert.updated_at = now;
    one.alert.hostname = hostname;
    one.transition.alert_id = one.alert.id;
    one.transition.at = now;
    one.transition.actor = "notify-test";
    return channel.send({channel_name, {one}});
}

}  // namespace chorus::notify
