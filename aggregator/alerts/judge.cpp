#include "aggregator/alerts/judge.h"

#include <unordered_set>

namespace chorus::alerts {
namespace {

class Judge {
  public:
    Judge(const Rule& rule, const States& states,
          const std::function<bool(const std::string&)>& is_open, Timestamp now)
        : severity_(rule.severity),
          states_(states),
          is_open_(is_open),
          timing_{rule.durations, rule.cooldown},
          now_(now) {}

    void visit(const Subject& subject, const Reading& reading) {
        ++out_.subjects;
        if (reading.verdict != Reading::Verdict::no_data) ++out_.with_data;
        // Nearly all subjects are quiet and have nothing to remember.
        if (states_.empty() && reading.verdict != Reading::Verdict::breached) return;
        std::string key = subject.key();
        const auto known = states_.find(key);
        if (known == states_.end() && reading.verdict != Reading::Verdict::breached) return;
        step(std::move(key), known == states_.end() ? SubjectState{} : known->second,
             known != states_.end(), reading, &subject);
    }

    // A remembered subject that was not visited.
    void absent(const std::string& key, const SubjectState& state, bool gone) {
        Reading reading;
        reading.severity = state.severity;
        if (gone) {
            reading.verdict = Reading::Verdict::clear;
            reading.severity = severity_;
        }
        step(key, state, true, reading, nullptr);
    }

    bool visited(const std::string& key) const { return visited_.contains(key); }
    Judgement take() { return std::move(out_); }

  private:
    void step(std::string key, SubjectState previous, bool remembered, const Reading& reading,
              const Subject* subject) {
        if (remembered) visited_.insert(key);
        const SubjectState before = previous;
        if (previous.phase == Phase::firing && !is_open_(key)) {
            previous = closed_by_others(previous, now_);
        }
        Step step = advance(previous, reading, timing_, now_);
        if (step.next.stale && !before.stale) out_.became_stale.push_back(key);
        if (step.next.phase == Phase::pending) ++out_.pending;
        if (step.next.phase == Phase::firing) ++out_.firing;
        if (step.action != Action::none) {
            Decision decision{
                .action = step.action,
                .key = key,
                .subject = {},
                .reading = reading,
                .severity = step.next.severity,
                .clear_since = step.next.clear_since,
                .gone = subject == nullptr && reading.verdict == Reading::Verdict::clear};
            if (subject != nullptr) decision.subject = *subject;
            if (step.action == Action::resolve) decision.severity = previous.severity;
            out_.decisions.push_back(std::move(decision));
        }
        if (forgettable(step.next, timing_, now_)) {
            if (remembered) out_.forgotten.push_back(std::move(key));
        } else if (!remembered || step.next != before) {
            out_.changed.emplace(std::move(key), step.next);
        }
    }

    const Severity severity_;
    const States& states_;
    const std::function<bool(const std::string&)>& is_open_;
    const Timing timing_;
    const Timestamp now_;
    std::unordered_set<std::string> visited_;
    Judgement out_;
};

// Whether a subject that the evaluation did not name has ceased to be: its host or service is gone
// or no longer meant, or the host reports and does not have it.
bool is_gone(const Rule& rule, const Snapshot& snapshot, const std::string& key,
             const std::vector<bool>& reporting,
             const std::unordered_map<std::string_view, std::size_t>& hosts) {
    const HostFilter* filter = host_filter(rule.condition);
    if (filter == nullptr) return true;  // a service that is not checked any more
    const auto host = hosts.find(std::string_view{key}.substr(0, key.find('|')));
    if (host == hosts.end()) return true;
    return !matches(*filter, snapshot.hosts[host->second]) ||
           (host->second < reporting.size() && reporting[host->second]);
}

}  // namespace

Judgement judge(const Rule& rule, const Snapshot& snapshot, const States& states,
                const std::function<bool(const std::string& key)>& is_open, Timestamp now) {
    Judge judge{rule, states, is_open, now};
    const auto reporting = evaluate(
        rule, snapshot, now,
        [&](const Subject& subject, const Reading& reading) { judge.visit(subject, reading); });
    if (states.empty()) return judge.take();
    std::unordered_map<std::string_view, std::size_t> hosts;
    for (std::size_t i = 0; i < snapshot.hosts.size(); ++i) {
        hosts.emplace(snapshot.hosts[i].hostname, i);
    }
    for (const auto& [key, state] : states) {
        if (judge.visited(key)) continue;
        judge.absent(key, state, is_gone(rule, snapshot, key, reporting, hosts));
    }
    return judge.take();
}

}  // namespace chorus::alerts
