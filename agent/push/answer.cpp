#include "agent/push/answer.h"

#include <algorithm>
#include <charconv>

#include "common/clock.h"
#include "common/http/retry_after.h"
#include "common/json/json_reader.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr std::size_t kMostWarnings = 20;

bool is_acceptance(std::string_view body) {
    try {
        JsonReader reader;
        const JsonValue value = reader.parse(body);
        return value.is_object() && value["accepted"].error() == simdjson::SUCCESS;
    } catch (const JsonError&) {
        return false;
    }
}

// A name that two agents claim, or an identity that two machines have, is also a 409.
bool is_identity_conflict(std::string_view body) {
    const auto code = code_of(body);
    return code == kHostConflict || code == kAgentCloned;
}

std::string short_text(JsonValue value, std::string_view member) {
    std::string_view text;
    if (value[member].get(text) != simdjson::SUCCESS) return {};
    return one_line(text.substr(0, 300));
}

std::vector<AnswerWarning> read_warnings(JsonValue body) {
    std::vector<AnswerWarning> warnings;
    simdjson::dom::array list;
    if (body["warnings"].get(list) != simdjson::SUCCESS) return warnings;
    for (const JsonValue item : list) {
        if (warnings.size() >= kMostWarnings) break;
        if (!item.is_object()) continue;
        warnings.push_back(
            {short_text(item, "code"), short_text(item, "field"), short_text(item, "message")});
    }
    return warnings;
}

}  // namespace

Verdict judge(const Answer& answer) {
    switch (answer.status) {
        case 200:
            return is_acceptance(answer.body) ? Verdict::stored : Verdict::retry;
        case 409:
            return is_identity_conflict(answer.body) ? Verdict::forbidden : Verdict::conflict;
        case 400:
        case 415:
        case 422:
            return Verdict::refused;
        case 413:
            return Verdict::too_large;
        case 401:
        case 403:
        case 404:
            return Verdict::forbidden;
        default:
            return Verdict::retry;
    }
}

std::string code_of(std::string_view body) {
    try {
        JsonReader reader;
        std::string_view code;
        const JsonValue value = reader.parse(body);
        if (value.is_object() && value["code"].get(code) == simdjson::SUCCESS) {
            return std::string{code.substr(0, 64)};
        }
    } catch (const JsonError&) {
        // A proxy's answer.
    }
    return {};
}

std::string why_forbidden(const Answer& answer) {
    const std::string code = code_of(answer.body);
    if (answer.status == 401) {
        return "the aggregator does not know this token: it was revoked, has ended or was made by "
               "another aggregator; get a new one with `chorus-agent enroll URL TOKEN`, as root";
    }
    if (code == kAgentCloned) {
        return "another machine sends with this agent's identity, as after a disk or image was "
               "copied: stop this agent, delete agent-id, epochs and spool in its spool directory, "
               "and enroll it anew";
    }
    if (code == kHostConflict) {
        return "another host has this hostname: give this machine another one (--hostname), or "
               "remove that host if it is gone";
    }
    if (code == "agent_mismatch") {
        return "the token belongs to another agent, as on a copied machine, or this agent has "
               "another token; get one with `chorus-agent enroll URL TOKEN`, as root";
    }
    if (code == "forbidden") {
        return "the token is good, but not for sending: its role is not agent; get one with "
               "`chorus-agent enroll URL TOKEN`, as root";
    }
    if (answer.status == 404) return "no aggregator answers at this address; see aggregator-url";
    return "something before the aggregator, as a proxy, does not let this host through";
}

std::optional<std::chrono::seconds> retry_after(const Answer& answer) {
    const auto text = trim(answer.retry_after);
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
    if (error != std::errc{} || end != text.data() + text.size() || seconds < 0) {
        return std::nullopt;
    }
    return std::min(std::chrono::seconds{seconds}, kLongestRetryAfter);
}

StoredAnswer read_stored(std::string_view body) {
    StoredAnswer stored;
    try {
        JsonReader reader;
        const JsonValue value = reader.parse(body);
        double seconds = 0;
        if (value["config"]["interval_seconds"].get(seconds) == simdjson::SUCCESS) {
            stored.interval_seconds = seconds;
        }
        std::string_view time;
        if (value["server_time"].get(time) == simdjson::SUCCESS) {
            stored.server_time = parse_timestamp(time);
        }
        stored.expired =
            value["expired"].get(stored.expired) == simdjson::SUCCESS && stored.expired;
        stored.warnings = read_warnings(value);
    } catch (const JsonError&) {
        // It was judged to be a stored answer; what it tells besides is not needed.
    }
    return stored;
}

std::optional<Timestamp> date_of(const Answer& answer) {
    return parse_http_date(answer.date, SystemClock{}.now());
}

}  // namespace chorus::agent
