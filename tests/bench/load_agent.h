// A simulated agent: its token, its batches as finished HTTP requests.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace chorus::bench {

struct LoadShape {
    int metrics = 115;    // values per batch
    int processes = 0;    // rows per batch
    int batches = 1'000;  // per agent
    // For VictoriaMetrics, the reference: the metrics as Prometheus text to its import endpoint.
    bool prometheus = false;
    std::uint64_t seed = 1;
};

// The requests of one agent, in order, ready to be written to a socket: keep-alive POSTs to
// /api/v1/ingest with zstd bodies. Values move as real ones do: most counters grow, most processes
// are idle.
std::vector<std::string> make_requests(const LoadShape& shape, int agent_index,
                                       const std::string& token);

}  // namespace chorus::bench
