#include "aggregator/tasks/leader.h"

#include "aggregator/schema/lease.h"
#include "common/log.h"
#include "common/uuid.h"

namespace chorus::tasks {
namespace {

constexpr Logger kLeaderLog{"tasks"};
constexpr std::chrono::milliseconds kAsk{1'000};

// The schema is not there yet: undefined table, undefined schema.
bool is_unprepared(const store::DatabaseError& error) {
    return error.sqlstate() == "42P01" || error.sqlstate() == "3F000";
}

}  // namespace

Leader::Leader(store::Database& database, const Clock& clock, std::string holder,
               std::chrono::milliseconds lease, MetricsRegistry& metrics)
    : database_(database),
      clock_(clock),
      holder_(std::move(holder) + "/" + Uuid::random().to_string()),
      lease_(lease),
      gauge_(metrics.gauge("chorus_aggregator_leader",
                           "1 while this aggregator runs the tasks of the leader.", {})) {}

void Leader::start() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = false;
    }
    thread_ = std::thread([this] { loop(); });
}

void Leader::stop() {
    {
        const std::lock_guard lock{mutex_};
        stopping_ = true;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
    release();
}

std::optional<std::int64_t> Leader::epoch() const {
    const std::lock_guard lock{mutex_};
    if (!epoch_ || clock_.steady() >= valid_until_) return std::nullopt;
    return epoch_;
}

void Leader::loop() {
    std::unique_lock lock{mutex_};
    while (!stopping_) {
        lock.unlock();
        try {
            renew();
        } catch (const store::DatabaseUnavailable&) {
            // The pool has logged it, and leadership ends by itself.
        } catch (const store::DatabaseError& e) {
            if (!is_unprepared(e)) {
                kLeaderLog.warning("Leadership could not be renewed", {{"error", e.what()}});
            }
        }
        const bool leads = epoch().has_value();
        gauge_.set(leads ? 1 : 0);
        lock.lock();
        wake_.wait_for(lock, leads ? lease_ / 3 : std::min(kAsk, lease_ / 3),
                       [this] { return stopping_; });
    }
}

void Leader::renew() {
    const auto asked = clock_.steady();  // before the database's clock was read
    const auto lease = database_.acquire();
    const auto epoch = store::take_lease(*lease, holder_, lease_);
    const std::lock_guard lock{mutex_};
    if (epoch && epoch != epoch_) kLeaderLog.info("Leadership taken", {{"epoch", *epoch}});
    if (!epoch && epoch_) kLeaderLog.warning("Leadership lost", {{"epoch", *epoch_}});
    epoch_ = epoch;
    valid_until_ = asked + lease_;
}

void Leader::release() {
    const auto held = epoch();
    if (!held) return;
    {
        const std::lock_guard lock{mutex_};
        epoch_.reset();
    }
    gauge_.set(0);
    try {
        store::release_lease(*database_.acquire(), *held);
        kLeaderLog.info("Leadership released", {{"epoch", *held}});
    } catch (const store::DatabaseError&) {
        // It runs out by itself.
    }
}

}  // namespace chorus::tasks
