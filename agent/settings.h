// The agent's settings, checked and in the types that the program works with.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

#include "agent/collect/batch_builder.h"
#include "agent/push/ingest_client.h"
#include "agent/services/service_config.h"
#include "common/settings/settings.h"

namespace chorus::agent {

struct AgentConfig {
    CollectSettings collect;
    double interval_seconds = 30;
    std::string hostname;
    std::string spool_dir;
    std::string machine_id_file;
    Endpoint endpoint;
    std::string token;
    std::uint64_t spool_max_bytes = 128U << 20U;
    std::size_t queue_max_batches = 240;
    std::uint64_t memory_limit_bytes = 64U << 20U;
    ServiceConfig services;  // to check; none unless named
    std::string services_ca_file;
    bool listens = true;            // to what the aggregator asks for
    std::uint16_t status_port = 0;  // of 127.0.0.1; 0 = nothing is served
};

enum class Needs { nothing, aggregator };

// Throws ConfigError with all faults. The aggregator's URL and the token are checked only if the
// command needs the aggregator.
AgentConfig read_settings(const Config& config, Needs needs);

}  // namespace chorus::agent
