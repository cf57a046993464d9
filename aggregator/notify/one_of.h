#pragma once

#include <algorithm>
#include <initializer_list>

namespace chorus::notify {

// Whether a status of HTTP or SMTP is among those.
inline bool is_one_of(int status, std::initializer_list<int> statuses) {
    return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

}  // namespace chorus::notify
