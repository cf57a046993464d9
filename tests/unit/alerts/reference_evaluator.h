// Alert rules as they are documented, evaluated the plain way: at every round from the whole
// history, with nothing carried over but what happened. The evaluator is compared with it.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "aggregator/alerts/subject_state.h"
#include "aggregator/rules/rule.h"
#include "common/timestamp.h"

namespace chorus::alerts::reference {

inline constexpr std::size_t kSeries = 2;

// What a host sent once: nullopt where it does not have that series, NaN where it could not read.
struct Message {
    Timestamp made;  // by the host's clock
    Timestamp received;
    std::array<std::optional<double>, kSeries> values;
};

struct History {
    std::string hostname;
    double interval_seconds = 30;
    std::chrono::microseconds skew{0};  // aggregator's clock minus the host's
    std::optional<double> own_threshold;
    std::vector<Message> messages;  // in order of receipt
    bool deleted = false;
};

enum class Seen { nothing, good, between, bad };
// Where the value stands to critical_threshold.
enum class Level { below, near, beyond };

// What was seen of one subject in each round, and what was done.
struct Past {
    struct Round {
        Timestamp at;
        Seen seen;
        Level level;
    };
    std::vector<Round> rounds;
    std::size_t run_from = 0;          // no earlier round counts for the hold
    std::optional<std::size_t> fired;  // the round that opened the alert that is open
    std::optional<Timestamp> last_fired, last_ended;
    bool flapping = false;
};

struct Told {
    Action action = Action::none;
    Severity severity = Severity::info;  // not of what resolves
    bool operator==(const Told&) const = default;
};

class Evaluator {
  public:
    // A system_metric rule without tags and label; labels of the series.
    Evaluator(const Rule& rule, std::array<std::string, kSeries> labels)
        : rule_(rule), labels_(std::move(labels)) {}

    // Fires, bumps and resolutions by key.
    std::map<std::string, Told> round(const std::vector<History>& hosts, Timestamp now);
    void closed_by_a_person(const std::string& key) { closed_.push_back(key); }

  private:
    std::string key(const History& host, std::size_t series) const;
    std::pair<Seen, Level> look(const History& host, std::size_t series, Timestamp now) const;
    Told decide(Past& past) const;

    const Rule& rule_;
    const std::array<std::string, kSeries> labels_;
    std::map<std::string, Past> pasts_;
    std::vector<std::string> closed_;  // since the last round
};

}  // namespace chorus::alerts::reference
