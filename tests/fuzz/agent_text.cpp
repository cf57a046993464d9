// Texts that the agent takes from others. The first byte chooses: 'k' a record of the kernel's log,
// 'e' a stream of events, 'r' an aggregator's answer to a batch, 'c' a command line, 'n' the name
// of a process.
#include <algorithm>

#include "agent/events/kmsg.h"
#include "agent/process/cmdline.h"
#include "agent/process/process_name.h"
#include "agent/push/answer.h"
#include "agent/push/event_reader.h"
#include "common/text.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

namespace {

bool printable(std::string_view text) {
    return std::none_of(text.begin(), text.end(),
                        [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

void read_kernel_log(std::string_view text) {
    if (const auto record = agent::parse_kmsg_record(text)) agent::parse_oom_victim(record->text);
    const auto victim = agent::parse_oom_victim(text);
    require(!victim || victim->comm.size() <= text.size(), "the name is part of the text");
}

std::string read_events(std::string_view text, std::size_t step) {
    std::string seen;
    agent::EventReader reader([&](std::string_view name, std::string_view data) {
        require(data.size() <= agent::EventReader::kLongestEvent, "an event is bounded");
        seen += std::string(name) + '\n' + std::string(data) + '\n';
    });
    while (!text.empty() && reader.feed(text.substr(0, step))) {
        text.remove_prefix(std::min(step, text.size()));
    }
    return seen;
}

void read_answer(std::string_view text) {
    for (const int status : {200, 401, 409, 503}) {
        const agent::Answer answer{status, std::string(text), std::string(text), std::string(text)};
        agent::judge(answer);
        agent::date_of(answer);
        const auto wait = agent::retry_after(answer);
        require(!wait || (wait->count() >= 0 && *wait <= agent::kLongestRetryAfter), "a bound");
        require(printable(agent::why_forbidden(answer)), "a reason can be shown");
    }
    for (const auto& warning : agent::read_stored(text).warnings) {
        for (const auto& part : {warning.code, warning.field, warning.message}) {
            require(printable(part) && !find_invalid_utf8(part), "a warning can be shown");
        }
    }
}

void read_command_line(std::string_view text) {
    using Mode = agent::CmdlineMode;
    for (const auto mode : {Mode::none, Mode::redacted, Mode::full}) {
        const auto line = agent::readable_cmdline(text, mode);
        require(line.size() <= agent::kCmdlineBytes, "a command line is bounded");
        require(printable(line) && !find_invalid_utf8(line), "a command line can be shown");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    auto text = text_of(data, size);
    switch (take_choice(text)) {
        case 'k':
            read_kernel_log(text);
            break;
        case 'e':
            require(read_events(text, size + 1) == read_events(text, 1), "pieces do not matter");
            break;
        case 'r':
            read_answer(text);
            break;
        case 'c':
            read_command_line(text);
            break;
        case 'n':
            require(printable(agent::process_name(text.substr(0, agent::kCommBytes), text)),
                    "a name can be shown");
            break;
        default:
            break;
    }
    return 0;
}
