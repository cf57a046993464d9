// Judges one rule in one round: a snapshot and what is remembered give what has to be done. Pure
// functions.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "aggregator/alerts/evaluate.h"
#include "aggregator/alerts/subject_state.h"

namespace chorus::alerts {

// What is remembered about a rule, by Subject::key().
using States = std::unordered_map<std::string, SubjectState>;

struct Decision {
    Action action = Action::none;
    std::string key;
    Subject subject;  // not set if `gone` or without data
    Reading reading;
    Severity severity = Severity::info;
    std::optional<Timestamp> clear_since{};  // refresh: it is clear since then
    bool gone = false;                       // the host reports, but has no such subject any more
};

struct Judgement {
    std::vector<Decision> decisions;        // whatever is to fire or to change
    States changed;                         // states to be written
    std::vector<std::string> forgotten;     // states to be deleted
    std::vector<std::string> became_stale;  // firing subjects about which nothing is known any more
    std::size_t subjects = 0;
    std::size_t with_data = 0;
    std::size_t pending = 0;
    std::size_t firing = 0;
};

// `is_open` returns whether the alert of a key that was firing is still open.
Judgement judge(const Rule& rule, const Snapshot& snapshot, const States& states,
                const std::function<bool(const std::string& key)>& is_open, Timestamp now);

}  // namespace chorus::alerts
