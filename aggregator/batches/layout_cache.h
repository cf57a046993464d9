// Layouts that were looked up before. Their memory is bounded.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <unordered_map>
#include <vector>

#include "common/batch/batch.h"

namespace chorus::store {

// An estimate of the memory that a list of series takes.
std::size_t memory_of(const std::vector<SeriesKey>& series);

// The layout that was not used for longest goes first. So a host that has a new layout in each
// batch pushes out its own old ones before those that a fleet shares. Not thread-safe.
class LayoutCache {
  public:
    // Room for 2,500 different layouts of 150 series each. A bound on their number would be none,
    // because one takes 20 kB or some megabytes, as its sender likes.
    static constexpr std::size_t kMostBytes = 64U << 20U;

    struct Known {
        std::vector<SeriesKey> series;
        std::int32_t layout_id = 0;
        std::chrono::sys_days noted;  // not above layouts.last_used_day
    };

    explicit LayoutCache(std::size_t most_bytes = kMostBytes) : most_bytes_(most_bytes) {}
    LayoutCache(const LayoutCache&) = delete;
    LayoutCache& operator=(const LayoutCache&) = delete;

    // The layout with exactly these series, null if there is none. `hash` only finds it quickly.
    // Valid until the cache changes.
    const Known* find(std::uint64_t hash, const std::vector<SeriesKey>& series);

    // Takes the place of one with the same series.
    void put(std::uint64_t hash, Known known);

    // Leaves `other` empty.
    void take_all(LayoutCache& other);
    void clear();

    std::size_t bytes() const { return bytes_; }

  private:
    struct Entry {
        std::uint64_t hash;
        std::size_t bytes;
        Known known;
    };
    using Place = std::list<Entry>::iterator;
    using Places = std::unordered_multimap<std::uint64_t, Place>;

    Places::iterator place_of(std::uint64_t hash, const std::vector<SeriesKey>& series);
    void drop(Places::iterator at);

    const std::size_t most_bytes_;
    std::size_t bytes_ = 0;
    std::list<Entry> entries_;  // used last first
    Places places_;
};

}  // namespace chorus::store
