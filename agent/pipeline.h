// From the kernel's files to the aggregator: what a command that sends batches keeps for its whole
// run.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "agent/cycle.h"
#include "agent/push/delivery.h"
#include "agent/push/ingest_client.h"
#include "agent/settings.h"
#include "agent/spool/dead_letter.h"
#include "agent/status/own_metrics.h"
#include "common/clock.h"
#include "common/uuid.h"

namespace chorus::agent {

// Between the silent sample and the first batch.
inline constexpr std::chrono::milliseconds kFirstGap{300};

// Not std::random_device, which would tie the program to the newest glibc there is.
std::uint32_t random_seed();

struct Pipeline {
    // `state_dir` is where batches that are refused go, empty = nowhere.
    Pipeline(const AgentConfig& config, const Uuid& id, const std::string& state_dir);

    std::variant<Answer, NoAnswer> post(std::string_view body);

    SystemClock clock;
    SystemBootClock boot_clock;
    DiskCalls disk;
    OwnMetrics own;
    Cycle cycle;
    IngestClient client;
    DeadLetter dead_letter;
    EpochMap epochs;
    DeliveryNote note;
    Delivery delivery;
};

}  // namespace chorus::agent
