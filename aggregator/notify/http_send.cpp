#include "aggregator/notify/http_send.h"

#include <stdexcept>

#include "aggregator/notify/one_of.h"
#include "common/clock.h"
#include "common/http/retry_after.h"

namespace chorus::notify {

SendResult judge_answer(const HttpHead& head, Timestamp now) {
    const int status = head.status;
    if (status >= 200 && status < 300) return {};
    std::string error = "HTTP " + std::to_string(status);
    if (is_one_of(status, {400, 413, 415, 422})) return SendResult::refused(error);
    if (is_one_of(status, {301, 302, 303, 307, 308})) {
        error += ": the receiver has moved; nobody is followed to another place, set its new URL";
    } else if (is_one_of(status, {401, 403, 407})) {
        error += ": the receiver does not let us in; check the secret parts of its URL";
    } else if (is_one_of(status, {404, 405, 410})) {
        error += ": there is no receiver at this URL; check it";
    }
    auto result = SendResult::retry(std::move(error));
    if (const auto wait = retry_after(head, now, kLongestAskedWait)) {
        result.asked_wait = *wait;
        result.error += ": it asks to wait " + std::to_string(wait->count()) + " s";
    }
    return result;
}

SendResult http_send(const net::Network& network, const net::HttpTarget& target,
                     const net::HttpRequest& request) {
    try {
        return judge_answer(net::http_exchange(network, target, request,
                                               std::chrono::steady_clock::now() + kSendDeadline),
                            SystemClock{}.now());
    } catch (const std::runtime_error& e) {
        return SendResult::retry(e.what());
    }
}

}  // namespace chorus::notify
