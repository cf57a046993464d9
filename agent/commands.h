// The commands of chorus-agent.
#pragma once

#include <optional>

#include "agent/settings.h"
#include "common/settings/exit_codes.h"

namespace chorus::agent {

// Collects and sends until SIGTERM or SIGINT. Then it sends for at most 5 s what is left; the rest
// stays in the spool. nullopt after SIGHUP: the caller reads the configuration again.
std::optional<ExitCode> run_daemon(const AgentConfig& config);

// Sends one batch: ok once it is stored, unavailable if the aggregator is away, no_permission if it
// refuses the token, internal if it refuses the batch.
ExitCode run_once(const AgentConfig& config);

// Fetches this host's token from the aggregator at `url` with an enrolment token ("-" = read it
// from standard input). Writes it beside the config file, with a drop-in that names both.
ExitCode run_enroll(const Config& config, const std::string& url, const std::string& enrolment);

// Prints whether data arrives, and what to do if it does not.
ExitCode run_status(const Config& config);

// Prints what waits in the spool; the agent may be running.
ExitCode run_spool(const AgentConfig& config);

// Prints one batch as JSON on standard output and sends nothing.
ExitCode run_test(const AgentConfig& config);

}  // namespace chorus::agent
