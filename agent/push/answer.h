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

// 200 counts only with the JSON object of an aggregator, because a captive portal or a wrong port
// answers 200 to everything. A redirect is a failure, because the token goes nowhere else.
Verdict judge(const Answer& answer);

// The error code in an aggregator's answer that is no success; empty if there is none.
std::string code_of(std::string_view body);

// Why the aggregator does not take this agent's batches, and what to do. For answers that judge()
// calls forbidden. Never contains text of the answer.
std::string why_forbidden(const Answer& answer);

// Retry-After in whole seconds: at most kLongestRetryAfter. nullopt for anything else. The date
// form is not read, because it would need two clocks that agree.
std::optional<std::chrono::seconds> retry_after(const Answer& answer);

// A warning about one member of the batch.
struct AnswerWarning {
    std::string code, field, message;
};

// The content of an answer of 200. Members that are missing or damaged are unknown.
struct StoredAnswer {
    std::optional<double> interval_seconds;  // that the aggregator wants
    std::optional<Timestamp> server_time;
    bool expired = false;                   // nothing was stored
    std::vector<AnswerWarning> warnings{};  // what was not stored as it was sent
};
StoredAnswer read_stored(std::string_view body);

// When the answer was made by the aggregator's clock, from its Date header (RFC 9110 5.6.7, the
// form in use). nullopt if there is none.
std::optional<Timestamp> date_of(const Answer& answer);

// Codes of a 409 against which a new epoch does not help. An operator has to act.
inline constexpr std::string_view kHostConflict = "host_conflict";  // another agent has the name
inline constexpr std::string_view kAgentCloned =
    "agent_cloned";  // another machine has the identity

}  // namespace chorus::agent
