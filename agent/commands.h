// What chorus-agent can be told to do.
#pragma once

#include <optional>

#include "agent/settings.h"
#include "common/exit_codes.h"

namespace chorus::agent {

// Collects and sends until SIGTERM or SIGINT, then sends what it has for at most 5 s; what
// could not be sent stays in the spool. nullopt after SIGHUP: the caller reads the configuration
// again.
std::optional<ExitCode> run_daemon(const AgentConfig& config);

// Sends one batch: ok once it is stored, unavailable if the aggregator is away, no_permission if it
// refuses the token, internal if it refuses the batch.
ExitCode run_once(const AgentConfig& config);

// Prints what waits in the spool; the agent may be running.
ExitCode run_spool(const AgentConfig& config);

// Prints one batch as JSON on standard output and sends nothing.
ExitCode run_test(const AgentConfig& config);

}  // namespace chorus::agent
