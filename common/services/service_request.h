// What checks of services have in common, whoever makes them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/http/url.h"
#include "common/json/json_value.h"

namespace chorus {

// Status codes that count as healthy: one, or a hundred of them ("2xx").
struct StatusRange {
    int first = 200;
    int last = 200;
};
bool contains(const std::vector<StatusRange>& ranges, int status);

// Appends the range that `value` stands for: a number from 200 to 599, or "2xx" to "5xx". False if
// it is neither.
bool read_status_range(JsonValue value, std::vector<StatusRange>& ranges);

// The bytes of a GET for `url`, which was parsed from `text`. A user and password become basic
// authentication: never to be shown.
std::string check_request(const Url& url, std::string_view text, std::string_view user_agent);

}  // namespace chorus
