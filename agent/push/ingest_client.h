// Sends one body to the aggregator and waits for the answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "agent/push/answer.h"
#include "agent/push/connection.h"
#include "agent/push/deadline.h"
#include "agent/push/dialer.h"

namespace chorus::agent {

// Why there is no answer, for the log.
struct NoAnswer {
    std::string reason;
};

// What is posted where; the default is a batch.
struct RequestForm {
    std::string path = "/api/v1/ingest";
    bool zstd = true;  // the body is compressed
};

// One connection, kept open between requests. post() is for one thread; bring_forward() for any.
class IngestClient {
  public:
    // `limit` is the longest that a whole request may take, with connecting. Only name resolution
    // has the resolver's own limits.
    IngestClient(Endpoint endpoint, std::string token, std::chrono::milliseconds limit,
                 RequestForm form = {});
    ~IngestClient();

    // If the aggregator closed the connection while it was idle, it is opened anew once.
    std::variant<Answer, NoAnswer> post(std::string_view body);

    // For other connections to the same aggregator.
    Dialer& dialer() { return dialer_; }

    // A running request, and each later one, ends at `at` at the latest.
    void bring_forward(Deadline::Clock::time_point at);

  private:
    std::string request(std::size_t body_size) const;
    Answer exchange(std::string_view body_zstd);
    Answer receive_answer();

    Dialer dialer_;
    std::string token_;
    std::chrono::milliseconds limit_;
    RequestForm form_;
    Deadline final_;     // of the whole client
    Deadline deadline_;  // of the running request
    std::unique_ptr<Connection> connection_;
    bool answering_ = false;  // a byte of the answer has come
};

}  // namespace chorus::agent
