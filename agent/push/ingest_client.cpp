#include "agent/push/ingest_client.h"

#include <array>
#include <utility>

#include "common/batch/batch.h"
#include "common/http/http_answer.h"

namespace chorus::agent {
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
    HttpAnswer answer(true);
    std::array<char, 4'096> piece;
    while (answer.state() == HttpAnswer::State::head || answer.state() == HttpAnswer::State::body) {
        try {
            const std::size_t n = connection_->receive(piece.data(), piece.size());
            answering_ = answering_ || n > 0;
            if (n == 0 ? answer.end() == HttpAnswer::State::broken
                       : answer.feed({piece.data(), n}) == HttpAnswer::State::broken) {
                throw ConnectionError(answer.error());
            }
        } catch (const DeadlinePassed&) {
            throw;
        } catch (const ConnectionError&) {
            // Many servers end TLS without saying so; a body without length ends there, too.
            if (answer.end() != HttpAnswer::State::complete) throw;
        }
    }
    if (answer.cut()) throw ConnectionError("an answer above 64 KiB");
    if (!answer.keeps_alive()) connection_.reset();
    return {.status = answer.status(),
            .body = answer.body(),
            .retry_after = answer.head().retry_after,
            .date = answer.head().date};
}

}  // namespace chorus::agent
