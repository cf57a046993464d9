// How well the process table explains the host's CPU time while something else loads the machine:
// agent_attribution INTERVAL_SECONDS SAMPLES. Prints a JSON array of agent_attributed_cpu_percent.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <iostream>
#include <memory>
#include <string_view>
#include <thread>
#include <vector>

#include "agent/collect/batch_builder.h"
#include "common/log.h"

namespace {

using namespace chorus;
using namespace chorus::agent;

double value_of(const Batch& batch, std::string_view name) {
    const auto at = std::find_if(batch.layout.begin(), batch.layout.end(),
                                 [&](const SeriesKey& key) { return key.metric_type == name; });
    return at == batch.layout.end()
               ? std::nan("")
               : batch.values[static_cast<std::size_t>(std::distance(batch.layout.begin(), at))];
}

}  // namespace

// Several agents whose collections are a second apart give a sample a second, whatever the
// interval.
int main(int argc, char** argv) {
    const int interval = argc > 1 ? std::atoi(argv[1]) : 10;
    const int samples = argc > 2 ? std::atoi(argv[2]) : 60;
    if (interval < 1 || samples < 1) return 64;
    configure_log(LogLevel::error, LogFormat::json);
    const SystemClock clock;
    const SystemBootClock boot_clock;
    CollectSettings settings;
    settings.interval = std::chrono::seconds{interval};
    std::vector<std::unique_ptr<BatchBuilder>> builders;
    std::vector<Batch> batches(static_cast<std::size_t>(interval));
    for (int i = 0; i < interval; ++i) {
        builders.push_back(std::make_unique<BatchBuilder>(settings, clock, boot_clock));
    }
    const auto start = std::chrono::steady_clock::now();
    int told = 0;
    std::cout << '[';
    for (int i = 0; told < samples && i < 3 * (samples + interval); ++i) {
        std::this_thread::sleep_until(start + std::chrono::seconds{i});
        const auto which = static_cast<std::size_t>(i % interval);
        builders[which]->collect(batches[which]);
        const double percent = value_of(batches[which], "agent_attributed_cpu_percent");
        if (std::isnan(percent)) continue;
        std::cout << (told++ == 0 ? "" : ",") << percent;
    }
    std::cout << "]\n";
    return told == samples ? 0 : 1;
}
