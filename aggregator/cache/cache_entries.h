// What one batch puts into the cache: keys, payloads and lifetimes.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/batch/batch.h"

namespace chorus::cache {

struct CacheEntry {
    std::string key;
    std::string value;
    std::chrono::seconds lifetime;
};

// One metric type of one host at one moment, as `latest:{hostname}:{metric_type}` holds it.
struct LatestMetric {
    std::string metric_type;
    std::string json;  // {"value":F,"unit":S,"timestamp":T,"tags":{},"series":[{"tags","value"}]}
};

// A value of a batch with its names. Used for batches and for rows of the store.
struct LatestValue {
    std::string_view metric_type;
    std::string_view label;
    std::string_view unit;
    std::string_view tags_json;  // of the label; "{}" without
    double value;                // NaN = unknown
};
// Grouped by metric type, in the order of first appearance. Types without a known value are left
// out.
std::vector<LatestMetric> make_latest(const std::vector<LatestValue>& values, Timestamp time);

// `{"mountpoint":"/var"}`: the catalogue's name of the label, or "label"; "{}" for an empty label.
std::string tags_json(std::string_view metric_type, std::string_view label);

// All entries of a batch: latest:*, the index of them, health:* and processes:*.
std::vector<CacheEntry> make_entries(const Batch& batch);

std::string latest_key(std::string_view hostname, std::string_view metric_type);
// A JSON array of the metric types that have a latest:* key; so no reader needs to scan.
std::string index_key(std::string_view hostname);
std::string health_key(std::string_view hostname);
std::string processes_key(std::string_view hostname);

}  // namespace chorus::cache
