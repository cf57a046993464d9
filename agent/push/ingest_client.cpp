#include "agent/push/ingest_client.h"

#include <array>
#include <utility>

#include "agent/push/response_head.h"
#include "common/batch.h"

namespace chorus::agent {
namespace {

constexpr std::size_t kHeadLimit = 16U << 10U;

}  // namespace

IngestClient::IngestClient(Endpoint endpoint, std::string token, std::chrono::milliseconds limit,
                           RequestForm form)
    : dialer_(std::move(endpoint)),
      token_(std::move(token)),
      limit_(limit),
      form_(std::move(form)) {}

IngestClient::~IngestClient() = default;

void IngestClient::bring_forward(Deadline::Clock::time_point at) {
    final_.bring_forward(at);
    deadline_.bring_forward(at);
}

std::variant<Answer, NoAnswer> IngestClient::post(std::string_view body_zstd) {
    deadline_.set(Deadline::Clock::now() + limit_);
    deadline_.bring_forward(final_.at());
    for (;;) {
        const bool reused = connection_ != nullptr;
        answering_ = false;
        received_.clear();
        try {
            if (!reused) connection_ = dialer_.connect(deadline_);
            return exchange(body_zstd);
        } catch (const DeadlinePassed& e) {
            connection_.reset();
            return NoAnswer{e.what()};
        } catch (const ConnectionError& e) {
            connection_.reset();
            // The aggregator may have closed it while it was idle.
            if (!reused || answering_) return NoAnswer{e.what()};
        }
    }
}

std::string IngestClient::request(std::size_t body_size) const {
    return dialer_.request_head("POST", form_.path, "HTTP/1.1", token_) +
           "X-Chorus-Protocol: " + std::to_string(kProtocolVersion) +
           "\r\nContent-Type: application/json" + (form_.zstd ? "\r\nContent-Encoding: zstd" : "") +
           "\r\nContent-Length: " + std::to_string(body_size) + "\r\n\r\n";
}

Answer IngestClient::exchange(std::string_view body_zstd) {
    std::string message = request(body_zstd.size());
    message += body_zstd;
    try {
        connection_->send(message);
    } catch (const DeadlinePassed&) {
        throw;
    } catch (const ConnectionError&) {
        // One that refuses a large body answers before it has read it, and closes.
        try {
            Answer answer = receive_answer();
            connection_.reset();
            return answer;
        } catch (const DeadlinePassed&) {
            throw;
        } catch (const ConnectionError&) {
            throw ConnectionError("the connection was closed while sending");
        }
    }
    return receive_answer();
}

Answer IngestClient::receive_answer() {
    std::optional<ResponseHead> head;
    do {  // answers of 1xx come before the one that counts
        head = parse_response_head(receive_head());
        if (!head) throw ConnectionError("an answer that is no HTTP or has no Content-Length");
    } while (head->status < 200);
    if (!head->content_length) throw ConnectionError("an answer without Content-Length");
    if (*head->content_length > kAnswerLimit) throw ConnectionError("an answer above 64 KiB");
    while (received_.size() < *head->content_length) {
        if (!receive_more()) throw ConnectionError("an answer shorter than its Content-Length");
    }
    Answer answer{.status = head->status,
                  .body = received_.substr(0, *head->content_length),
                  .retry_after = head->retry_after,
                  .date = head->date};
    // More than was promised belongs to no request of ours.
    if (!head->keeps_alive || received_.size() > *head->content_length) connection_.reset();
    return answer;
}

// Takes a head with its empty line off what was received.
std::string IngestClient::receive_head() {
    constexpr std::string_view end_of_head = "\r\n\r\n";
    for (;;) {
        const auto end = received_.find(end_of_head);
        if (end != std::string::npos) {
            std::string head = received_.substr(0, end + end_of_head.size());
            received_.erase(0, head.size());
            return head;
        }
        if (received_.size() > kHeadLimit) throw ConnectionError("an answer with an endless head");
        if (!receive_more()) throw ConnectionError("the connection was closed without an answer");
    }
}

bool IngestClient::receive_more() {
    std::array<char, 4'096> piece;
    const std::size_t n = connection_->receive(piece.data(), piece.size());
    answering_ = answering_ || n > 0;
    received_.append(piece.data(), n);
    return n > 0;
}

}  // namespace chorus::agent
