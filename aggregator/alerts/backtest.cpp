#include "aggregator/alerts/backtest.h"

#include <algorithm>
#include <unordered_map>

#include "aggregator/alerts/alert_text.h"
#include "aggregator/alerts/judge.h"
#include "aggregator/alerts/loader.h"
#include "aggregator/service_store/service_reader.h"
#include "common/text.h"

namespace chorus::alerts {
namespace {

// Runs the rule through time over one snapshot and keeps what it does.
class Replay {
  public:
    Replay(const Rule& rule, const BacktestOptions& options, const Clock& clock, Backtest& result)
        : rule_(rule),
          options_(options),
          clock_(clock),
          until_(clock.steady() + options.deadline),
          result_(result) {}

    // `prepare(snapshot, now)` sets what the snapshot has of one moment only.
    template <typename Prepare>
    void run(Snapshot& snapshot, Prepare&& prepare) {
        states_.clear();
        open_.clear();
        for (auto now = options_.from; now <= options_.to; now += options_.step) {
            if (clock_.steady() > until_) throw BacktestTooLong{};
            prepare(snapshot, now);
            const auto judged = judge(
                rule_, snapshot, states_, [](const std::string&) { return true; }, now);
            for (const auto& decision : judged.decisions) take(decision, now);
            for (const auto& key : judged.forgotten) states_.erase(key);
            for (const auto& [key, state] : judged.changed) states_[key] = state;
        }
    }

  private:
    void take(const Decision& decision, Timestamp now) {
        const auto open = open_.find(decision.key);
        if (decision.action == Action::fire) {
            ++result_.total;
            if (result_.firings.size() >= options_.most_firings) return;
            const auto alert =
                make_alert(rule_, decision.subject, decision.reading, decision.severity, now);
            open_[decision.key] = result_.firings.size();
            result_.firings.push_back({alert.hostname, alert.source, alert.title,
                                       alert.description.value_or(""), decision.severity,
                                       decision.reading.value, decision.reading.threshold, now,
                                       std::nullopt});
        } else if (open == open_.end()) {
            return;
        } else if (decision.action == Action::bump) {
            auto& severity = result_.firings[open->second].severity;
            severity = worse(severity, decision.severity);
        } else if (decision.action == Action::resolve) {
            result_.firings[open->second].resolved_at = now;
            open_.erase(open);
        }
    }

    const Rule& rule_;
    const BacktestOptions& options_;
    const Clock& clock_;
    const std::chrono::nanoseconds until_;
    Backtest& result_;
    States states_;
    std::unordered_map<std::string, std::size_t> open_;  // index of its firing
};

// Walks forward through events in order of time.
template <typename Event, typename TimeOf>
class Cursor {
  public:
    Cursor(const std::vector<Event>& events, TimeOf time_of)
        : events_(events), time_of_(std::move(time_of)) {}
    // The events up to `now` that were not given before.
    template <typename Take>
    void advance(Timestamp now, Take&& take) {
        for (; next_ < events_.size() && time_of_(events_[next_]) <= now; ++next_) {
            take(events_[next_]);
        }
    }

  private:
    const std::vector<Event>& events_;
    TimeOf time_of_;
    std::size_t next_ = 0;
};

void replay_service(store::Session& session, const store::RuleService& service,
                    const BacktestOptions& options, Replay& replay) {
    const auto known_for = store::known_for(service.interval_seconds);
    const auto forgotten = forgotten_after(service.interval_seconds);
    const auto before = std::chrono::duration_cast<Timestamp::duration>(forgotten);
    const auto checks =
        Loader::load_checks(session, service.name, options.from - before, options.to);
    Cursor cursor{checks, [](const Service& check) { return check.heard_at; }};
    const Service* newest = nullptr;
    Snapshot snapshot;
    replay.run(snapshot, [&](Snapshot& now_seen, Timestamp now) {
        cursor.advance(now, [&](const Service& check) { newest = &check; });
        now_seen.services.clear();
        if (newest == nullptr) return;
        const auto age = now - newest->heard_at;
        if (age > forgotten) return;
        now_seen.services.push_back(*newest);
        if (age > known_for) now_seen.services.back().status = Service::Status::unknown;
    });
}

void replay_host(store::Session& session, const Rule& rule, const Host& host,
                 const BacktestOptions& options, Replay& replay) {
    Snapshot snapshot = Loader::load_history(session, rule, host, options.from, options.to);
    if (!std::holds_alternative<HostSilentCondition>(rule.condition)) {
        replay.run(snapshot, [](Snapshot&, Timestamp) {});
        return;
    }
    const auto received =
        store::read_receipts(session, host.id, {options.from - std::chrono::hours{1}, options.to});
    Cursor cursor{received, [](Timestamp at) { return at; }};
    snapshot.watching_since = options.from;
    snapshot.hosts.front().last_seen = Timestamp{};
    replay.run(snapshot, [&](Snapshot& now_seen, Timestamp now) {
        cursor.advance(now, [&](Timestamp at) { now_seen.hosts.front().last_seen = at; });
    });
}

}  // namespace

Backtest backtest(store::Session& session, const Rule& rule, const BacktestOptions& options,
                  const Clock& clock) {
    Backtest result;
    Replay replay{rule, options, clock, result};
    result.evaluations = static_cast<std::size_t>((options.to - options.from) / options.step) + 1;
    if (const auto* service = std::get_if<ServiceHealthCondition>(&rule.condition)) {
        for (const auto& row : store::read_rule_services(session)) {
            if (!glob_match(service->service_name, row.name)) continue;
            ++result.hosts;
            replay_service(session, row, options, replay);
        }
    } else {
        for (const auto& host : Loader::load_hosts(session)) {
            if (!matches(*host_filter(rule.condition), host)) continue;
            ++result.hosts;
            replay_host(session, rule, host, options, replay);
        }
    }
    std::stable_sort(result.firings.begin(), result.firings.end(),
                     [](const Firing& a, const Firing& b) { return a.fired_at < b.fired_at; });
    return result;
}

}  // namespace chorus::alerts
