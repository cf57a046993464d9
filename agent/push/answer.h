// What an aggregator's answer to a batch means.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/timestamp.h"

namespace chorus::agent {

// An HTTP answer that arrived whole.
struct Answer {
    int status = 0;
    std::string body;
    std::string retry_after;  // header, empty if absent
    std::string date{};       // the same
};

enum class Verdict {
    stored,
    conflict,   // the batch's key is taken: a new epoch
    refused,    // the same batch will never be taken
    too_large,  // less of it may be taken
    forbidden,  // an operator has to do something; the data stays
    retry,
};

inline constexpr std::chrono::seconds kForbiddenWait{60};
inline constexpr std::chrono::seconds kLongestRetryAfter{600};
// Of a 5xx: an aggregator or a proxy in trouble does not know when that will be over.
inline constexpr std::chrono::seconds kLongestTroubleWait{300};

// 200 counts only with the JSON object that the aggregator answers: a captive portal and a wrong
// port say 200 to everything. A redirect is a failure: the token goes nowhere else.
Verdict judge(const Answer& answer);

// Of an aggregator's answer that is none of success; empty if there is none.
std::string code_of(std::string_view body);

// What keeps the aggregator from taking what this agent sends, and what to do; for answers that
// judge() calls forbidden. Never holds text of the answer.
std::string why_forbidden(const Answer& answer);

// Retry-After in whole seconds, at most kLongestRetryAfter, of a 5xx kLongestTroubleWait; nullopt
// for anything else (its date form would need two clocks that agree).
std::optional<std::chrono::seconds> retry_after(const Answer& answer);

// What is said of one member of the batch.
struct AnswerWarning {
    std::string code, field, message;
};

// What an answer of 200 tells; members that are missing or damaged are unknown.
struct StoredAnswer {
    std::optional<double> interval_seconds;  // that the aggregator wants
    std::optional<Timestamp> server_time;
    bool expired = false;                   // nothing was stored
    std::vector<AnswerWarning> warnings{};  // what was not stored as it was sent
};
StoredAnswer read_stored(std::string_view body);

// When the answer was made by the aggregator's clock: its Date header (RFC 9110 5.6.7, the form
// that is in use). nullopt if there is none.
std::optional<Timestamp> date_of(const Answer& answer);

// The codes of a 409 that no new epoch helps against: somebody has to do something.
inline constexpr std::string_view kHostConflict = "host_conflict";  // another agent has the name
inline constexpr std::string_view kAgentCloned =
    "agent_cloned";  // another machine has the identity

}  // namespace chorus::agent
