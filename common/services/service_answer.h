// What the answer to a service check says; the same whoever makes the check.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "common/http/http_answer.h"
#include "common/services/service_request.h"

namespace chorus {

// The status decides, and it decides when the head is there: a body that stalls, or that never
// ends, as a stream of events does, changes nothing. Only a body that is seen to end before its
// announced end is a fault whatever the status. A text that is looked for in the body has to come
// in time, within its first 64 KiB.
class ServiceAnswer {
  public:
    enum class Verdict { pending, healthy, unhealthy };

    // `expected` outlives it. `wanted_text` is looked for in the body; empty: the body does not
    // matter.
    ServiceAnswer(const std::vector<StatusRange>& expected, std::string_view wanted_text)
        : expected_(expected), wanted_text_(wanted_text), answer_(!wanted_text.empty()) {}

    Verdict feed(std::string_view bytes);
    // The connection has ended, in order or not (RFC 9112, 9.8).
    Verdict end();
    // The time is up; pending: that is all that can be said.
    Verdict time_is_up();

    bool answered() const { return answer_.status() != 0; }  // the head is there
    const std::string& error() const { return error_; }      // why it is unhealthy

  private:
    Verdict judge();
    bool found() const { return answer_.body().find(wanted_text_) != std::string::npos; }
    Verdict fault(std::string why);

    const std::vector<StatusRange>& expected_;
    std::string wanted_text_;
    HttpAnswer answer_;
    std::string error_;
};

}  // namespace chorus
