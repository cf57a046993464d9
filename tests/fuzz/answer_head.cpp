// Answers over HTTP: of services that are checked, of aggregators and of receivers of messages.
#include <string>

#include "common/http/http_answer.h"
#include "common/http/retry_after.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

namespace {

HttpAnswer read(std::string_view bytes, std::size_t step, bool keep_body) {
    using State = HttpAnswer::State;
    HttpAnswer answer(keep_body);
    while (!bytes.empty() && answer.state() != State::complete && answer.state() != State::broken) {
        answer.feed(bytes.substr(0, step));
        bytes.remove_prefix(std::min(step, bytes.size()));
    }
    answer.end();
    return answer;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto text = text_of(data, size);
    for (const bool keep_body : {false, true}) {
        const auto whole = read(text, size + 1, keep_body);
        const auto pieces = read(text, 1, keep_body);
        require(whole.state() == pieces.state(), "the pieces do not matter: state");
        require(whole.status() == pieces.status(), "the pieces do not matter: status");
        require(whole.body() == pieces.body(), "the pieces do not matter: body");
        require(whole.error() == pieces.error(), "the pieces do not matter: error");
        require(whole.body().size() <= HttpAnswer::kMostBodyBytes, "the body is bounded");
        if (whole.status() == 0) continue;
        require(whole.status() >= 100 && whole.status() <= 999, "a status has three digits");
        const auto wait = retry_after(whole.head(), Timestamp{}, std::chrono::seconds{600});
        require(!wait || (wait->count() >= 0 && wait->count() <= 600), "a wait is bounded");
    }
    return 0;
}
