// One batch, sent or printed.
#include <iostream>
#include <thread>

#include "agent/commands.h"
#include "agent/cycle.h"
#include "agent/pipeline.h"
#include "agent/push/identity.h"

namespace chorus::agent {

ExitCode run_once(const AgentConfig& config) {
    Pipeline pipeline(config, agent_identity(config.spool_dir, config.machine_id_file), {});
    std::this_thread::sleep_for(kFirstGap);
    pipeline.cycle.collect();
    PackedBatch batch = pipeline.cycle.pack();
    Step step;
    do {
        step = pipeline.delivery.attempt(batch);
    } while (step.outcome == Outcome::again);
    switch (step.outcome) {
        case Outcome::stored:
            return ExitCode::ok;
        case Outcome::expired:
            return ExitCode::unavailable;
        case Outcome::dropped:
            return ExitCode::internal;
        case Outcome::not_allowed:
            return ExitCode::no_permission;
        case Outcome::again:
        case Outcome::away:
            break;
    }
    return ExitCode::unavailable;
}

ExitCode run_test(const AgentConfig& config) {
    const SystemClock clock;
    const SystemBootClock boot_clock;
    const Uuid id = peek_identity(config.spool_dir, config.machine_id_file);
    Cycle cycle(config, id, Uuid::random(), clock, boot_clock);
    std::this_thread::sleep_for(kFirstGap);
    cycle.collect();
    std::cout << cycle.json() << '\n' << std::flush;
    return std::cout ? ExitCode::ok : ExitCode::io_error;
}

}  // namespace chorus::agent
