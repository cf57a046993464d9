// Refusals of mail servers. The first byte chooses the step of the dialogue, the second the code,
// the rest is the server's text.
#include <algorithm>

#include "aggregator/notify/smtp_reply.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = text_of(data, size);
    if (size < 2) return 0;
    const auto step = static_cast<net::SmtpStep>(static_cast<unsigned char>(take_choice(text)) %
                                                 (static_cast<int>(net::SmtpStep::text) + 1));
    const int code = 300 + static_cast<unsigned char>(take_choice(text));
    const auto result = notify::judge_refusal({step, {code, std::string(text)}, "monitor.example"});
    require(result.outcome != store::DeliveryOutcome::delivered, "a refusal delivers nothing");
    require(!result.error.empty(), "it says why");
    require(std::none_of(result.error.begin(), result.error.end(),
                         [](char c) { return static_cast<unsigned char>(c) < 0x20; }),
            "the reason can be shown");
    return 0;
}
