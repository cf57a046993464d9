// chorus-aggregator notify-test CHANNEL: a test alert straight to one channel.
#include <cstdio>

#include "aggregator/cli/commands.h"
#include "aggregator/notify/notifier.h"
#include "common/settings/command_table.h"
#include "common/settings/exit_codes.h"
#include "common/text.h"

namespace chorus::cli {

int notify_test(const Config& config, const Arguments& what) {
    std::vector<std::string> faults;  // main has refused faulty ones
    const SystemClock clock;
    const notify::Channels channels{notify_settings(config, faults), clock};
    const auto channel = channels.open(what[0]);
    if (!channel) {
        std::vector<std::string> known;
        for (const auto& one : channels.announced()) known.push_back(one.channel);
        throw UsageError("no channel " + what[0] + " is configured" +
                         did_you_mean(what[0], known, "there are: " + joined(known, ", ")));
    }
    const auto result = notify::send_test(*channel, what[0], own_hostname(), clock.now());
    if (result.outcome == store::DeliveryOutcome::delivered) {
        std::printf("%s took the test notification\n", what[0].c_str());
        return to_int(ExitCode::ok);
    }
    std::fprintf(stderr, "chorus-aggregator: %s: %s\n", what[0].c_str(), result.error.c_str());
    return to_int(ExitCode::unavailable);
}

}  // namespace chorus::cli
