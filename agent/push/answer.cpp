#include "agent/push/answer.h"

#include <algorithm>
#include <charconv>

#include "common/json_reader.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

bool is_acceptance(std::string_view body) {
    try {
        JsonReader reader;
        const JsonValue value = reader.parse(body);
        return value.is_object() && value["accepted"].error() == simdjson::SUCCESS;
    } catch (const JsonError&) {
        return false;
    }
}

// A hostname claimed by two agents is also a 409, and no new epoch helps against it.
bool is_host_conflict(std::string_view body) {
    return body.find("host_conflict") != std::string_view::npos;
}

}  // namespace

Verdict judge(const Answer& answer) {
    switch (answer.status) {
        case 200:
            return is_acceptance(answer.body) ? Verdict::stored : Verdict::retry;
        case 409:
            return is_host_conflict(answer.body) ? Verdict::forbidden : Verdict::conflict;
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
    } catch (const JsonError&) {
        // It was judged to be a stored answer; what it tells besides is not needed.
    }
    return stored;
}

}  // namespace chorus::agent
