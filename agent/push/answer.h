// What an aggregator's answer to a batch means.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "common/timestamp.h"

namespace chorus::agent {

// An HTTP answer that arrived whole.
struct Answer {
    int status = 0;
    std::string body;
    std::string retry_after;  // header, empty if absent
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

// 200 counts only with the JSON object that the aggregator answers: a captive portal and a wrong
// port say 200 to everything. A redirect is a failure: the token goes nowhere else.
Verdict judge(const Answer& answer);

// Of an aggregator's answer that is none of success; empty if there is none.
std::string code_of(std::string_view body);

// Retry-After in whole seconds, at most kLongestRetryAfter; nullopt for anything else (its date
// form would need two clocks that agree).
std::optional<std::chrono::seconds> retry_after(const Answer& answer);

// What a stored answer tells besides; members that are missing or damaged are unknown.
struct StoredAnswer {
    std::optional<double> interval_seconds;  // that the aggregator wants
    std::optional<Timestamp> server_time;
};
StoredAnswer read_stored(std::string_view body);

}  // namespace chorus::agent
