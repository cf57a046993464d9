// Random traces of metrics, judged by the evaluator and by the reference: the same alerts must
// fire, be counted and resolve in every round. CHORUS_TEST_TRACES is how many traces; each is made
// from its number.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <set>

#include "aggregator/alerts/judge.h"
#include "aggregator/alerts/stored_states.h"
#include "aggregator/alerts/windows.h"
#include "builders.h"
#include "reference_evaluator.h"

namespace chorus::alerts {
namespace {

using reference::History;
using reference::kSeries;
using reference::Told;
using std::chrono::microseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr int kMinutes = 45;  // of a trace
const std::string kMetric = "m";

class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}
    int from(int least, int most) { return std::uniform_int_distribution{least, most}(random_); }
    bool one_in(int n) { return from(1, n) == 1; }
    template <typename T>
    T any(std::initializer_list<T> values) {
        return values.begin()[from(0, static_cast<int>(values.size()) - 1)];
    }

  private:
    std::mt19937_64 random_;
};

Rule random_rule(Dice& dice, int number) {
    Rule rule = build::system_rule(kMetric, dice.from(80, 90));
    rule.id.bytes[0] = static_cast<std::uint8_t>(number);
    Limit& limit = build::system_of(rule).limit;
    limit.op = dice.any({Operator::greater, Operator::greater, Operator::greater_equal,
                         Operator::less, Operator::less_equal, Operator::not_equal});
    limit.aggregation = dice.any({Aggregation::average, Aggregation::average, Aggregation::minimum,
                                  Aggregation::maximum, Aggregation::last, Aggregation::sum,
                                  Aggregation::p95, Aggregation::fraction, Aggregation::rate});
    limit.window = minutes{dice.any({1, 1, 2, 3, 5, 10, 15, 20})};
    limit.fraction = dice.any({0.0, 0.3, 0.5, 1.0});
    limit.min_coverage = dice.any({0.0, 0.0, 0.3, 0.5, 0.7, 0.9});
    if (limit.aggregation == Aggregation::sum) limit.threshold *= dice.from(1, 10);
    if (limit.aggregation == Aggregation::rate) limit.threshold = dice.any({0.0, 0.1, -0.25});
    const bool rising = limit.op == Operator::greater || limit.op == Operator::greater_equal;
    const double way = rising ? 1 : -1;
    if (limit.op != Operator::not_equal) {
        if (dice.one_in(2)) limit.escalation = Escalation{limit.threshold + way * dice.from(0, 9)};
        if (dice.one_in(2) && limit.aggregation != Aggregation::fraction) {
            limit.clear_threshold = limit.threshold - way * dice.from(0, 9);
        }
    }
    rule.durations.hold = minutes{dice.any({0, 0, 1, 2, 5})};
    rule.durations.keep_firing_for = minutes{dice.any({0, 0, 1, 3})};
    rule.durations.auto_resolve = !dice.one_in(12);
    rule.cooldown = minutes{dice.any({0, 1, 3, 5, 10})};
    rule.severity = dice.any({Severity::critical, Severity::high, Severity::info});
    return rule;
}

// Values dwell at levels around the thresholds; now and then the host is silent for some time, what
// it has collected comes late in one go, and series come, go and cannot be read.
History random_history(Dice& dice, int number) {
    History host;
    host.hostname = "host-" + std::to_string(number);
    host.interval_seconds = dice.any({10, 30, 30, 30, 45, 60});
    if (dice.one_in(4)) host.skew = seconds{dice.from(-100'000, 100'000)};
    if (dice.one_in(4)) host.own_threshold = dice.from(80, 90);
    const microseconds interval{static_cast<std::int64_t>(host.interval_seconds * 1e6)};
    // Of some hosts samples come at the very moments at which windows and slots begin.
    const bool punctual = dice.one_in(2);
    Timestamp sent =
        build::kNoon - minutes{22} +
        (punctual ? seconds{5 * dice.from(0, 6)} : microseconds{dice.from(0, 30'000'000)});
    int silent = 0, level = dice.from(70, 100);
    std::array<int, kSeries> missing{};
    std::vector<Timestamp> spooled;
    for (; sent < build::at(kMinutes); sent += interval) {
        if (dice.one_in(12)) level = dice.from(70, 100);
        if (silent > 0 && --silent > 0) {
            spooled.push_back(sent);
            continue;
        }
        if (dice.one_in(30)) silent = dice.from(1, 20);
        spooled.push_back(sent);
        const bool drops = dice.one_in(2);
        for (const Timestamp made : spooled) {
            if (made != sent && drops) continue;
            const microseconds way{punctual ? 0 : dice.from(1'000, 900'000)};
            const Timestamp received =
                std::max(sent + way, host.messages.empty() ? sent : host.messages.back().received);
            reference::Message message{made - host.skew, received, {}};
            for (std::size_t i = 0; i < kSeries; ++i) {
                if (missing[i] > 0 ? --missing[i] > 0 : dice.one_in(60)) {
                    if (missing[i] == 0) missing[i] = dice.from(1, 12);
                    continue;
                }
                message.values[i] = dice.one_in(25) ? std::nan("") : level + dice.from(-3, 3);
            }
            host.messages.push_back(message);
        }
        spooled.clear();
    }
    return host;
}

// As the loader makes it of what is stored.
Snapshot snapshot_of(const std::vector<History>& hosts,
                     const std::array<std::string, kSeries>& labels) {
    Snapshot snapshot;
    auto table = std::make_shared<SampleTable>();
    for (const auto& label : labels) table->series.push_back({kMetric, label, {}, ""});
    table->layouts.resize(1U << kSeries);
    for (std::size_t set = 1; set < table->layouts.size(); ++set) {
        auto& layout = table->layouts[set];
        for (std::size_t i = 0; i < kSeries; ++i) {
            if ((set >> i & 1U) == 0) continue;
            layout.by_metric[table->series[i].metric_type].push_back(layout.series.size());
            layout.series.push_back(i);
        }
    }
    for (const auto& history : hosts) {
        if (history.deleted) continue;
        Host host;
        host.hostname = history.hostname;
        host.interval_seconds = history.interval_seconds;
        host.skew = history.skew;
        if (history.own_threshold) host.thresholds[kMetric] = *history.own_threshold;
        auto& batches = table->by_host.emplace_back();
        for (const auto& message : history.messages) {
            if (is_late(message.made, message.received, host.skew, host.interval_seconds)) continue;
            std::size_t set = 0;
            batches.push_back({message.received, 0, table->values.size()});
            for (std::size_t i = 0; i < kSeries; ++i) {
                if (!message.values[i]) continue;
                set |= 1U << i;
                table->values.push_back(*message.values[i]);
            }
            batches.back().layout = set;
        }
        snapshot.hosts.push_back(std::move(host));
    }
    snapshot.samples[{}] = table;
    for (const int window : {15, 20}) {
        for (const bool whole : {false, true}) snapshot.samples[{minutes{window}, whole}] = table;
    }
    return snapshot;
}

// A rule with what is remembered of it, as the engine keeps it.
struct Watch {
    Rule rule;
    reference::Evaluator reference;
    States states{};
    std::set<std::string> open{};  // alerts

    std::map<std::string, Told> round(const Snapshot& snapshot, Timestamp now) {
        const auto judged = judge(
            rule, snapshot, states, [&](const std::string& key) { return open.contains(key); },
            now);
        for (const auto& [key, state] : judged.changed) states[key] = state;
        for (const auto& key : judged.forgotten) states.erase(key);
        std::map<std::string, Told> told;
        for (const auto& decision : judged.decisions) {
            if (decision.action == Action::refresh) continue;
            const bool resolves = decision.action == Action::resolve;
            told[decision.key] = {decision.action, resolves ? Severity{} : decision.severity};
            if (resolves) {
                open.erase(decision.key);
            } else {
                open.insert(decision.key);
            }
        }
        return told;
    }
    void restart() {
        States read;
        for (const auto& [key, state] : states) read[key] = state_of(row_of(rule.id, key, state));
        states = std::move(read);
    }
    void close_some(Dice& dice) {
        for (auto key = open.begin(); key != open.end();) {
            if (!dice.one_in(40)) {
                ++key;
                continue;
            }
            reference.closed_by_a_person(*key);
            key = open.erase(key);
        }
    }
};

std::string words(const std::map<std::string, Told>& told) {
    std::string all;
    for (const auto& [key, what] : told) {
        all += what.action == Action::fire   ? "fire "
               : what.action == Action::bump ? "bump "
                                             : "end ";
        all += key + ' ' + std::string(store::to_string(what.severity)) + "; ";
    }
    return all;
}

struct Totals {
    std::int64_t rounds = 0, fired = 0, bumped = 0, resolved = 0;
};

void compare(std::uint64_t number, Totals& totals) {
    Dice dice{number};
    const auto labels =
        dice.any<std::array<std::string, kSeries>>({{"", "/var"}, {"/srv", "/var"}, {"eth0", ""}});
    std::vector<History> hosts;
    for (int i = dice.from(1, 3); i > 0; --i) hosts.push_back(random_history(dice, i));
    std::vector<Rule> rules;
    for (int i = dice.from(1, 2); i > 0; --i) rules.push_back(random_rule(dice, i));
    std::vector<Watch> watches;
    watches.reserve(rules.size());
    for (const auto& rule : rules) watches.push_back({rule, {rule, labels}});
    Snapshot snapshot = snapshot_of(hosts, labels);
    const microseconds period = dice.any({seconds{60}, seconds{60}, seconds{30}});
    for (Timestamp due = build::kNoon; due < build::at(kMinutes); due += period) {
        if (dice.one_in(20)) continue;  // nobody evaluates
        const Timestamp now = due + microseconds{dice.one_in(2) ? 0 : dice.from(0, 200'000)};
        if (dice.one_in(150)) {
            hosts[0].deleted = true;
            snapshot = snapshot_of(hosts, labels);
        }
        for (auto& watch : watches) {
            if (dice.one_in(10)) watch.restart();
            watch.close_some(dice);
            const auto told = watch.round(snapshot, now);
            const auto expected = watch.reference.round(hosts, now);
            ASSERT_EQ(told, expected)
                << "trace " << number << ", " << format_timestamp_micros(now)
                << "\n  evaluator: " << words(told) << "\n  reference: " << words(expected);
            ++totals.rounds;
            for (const auto& [key, what] : told) {
                totals.fired += what.action == Action::fire ? 1 : 0;
                totals.bumped += what.action == Action::bump ? 1 : 0;
                totals.resolved += what.action == Action::resolve ? 1 : 0;
            }
        }
    }
}

TEST(EvaluatorProperty, RandomTracesAreJudgedAsTheReferenceJudgesThem) {
    const char* const wanted = std::getenv("CHORUS_TEST_TRACES");
    const std::uint64_t traces = wanted != nullptr ? std::strtoull(wanted, nullptr, 10) : 2000;
    Totals totals;
    for (std::uint64_t number = 0; number < traces; ++number) {
        compare(number, totals);
        if (HasFatalFailure()) return;
    }
    std::cout << traces << " traces, " << totals.rounds << " rounds: " << totals.fired << " fired, "
              << totals.bumped << " bumped, " << totals.resolved << " resolved, 0 differences\n";
    EXPECT_GT(totals.fired, static_cast<std::int64_t>(traces)) << "these traces test nothing";
    EXPECT_GT(totals.resolved, static_cast<std::int64_t>(traces) / 2);
}

}  // namespace
}  // namespace chorus::alerts
