#include "aggregator/batches/layout_cache.h"

#include <algorithm>
#include <utility>

namespace chorus::store {
namespace {

constexpr std::size_t kAllocations = 32;  // what the allocator adds to two texts, about
// Of the list and the map, so that layouts without a series are bounded as well.
constexpr std::size_t kNodes = 128;

}  // namespace

std::size_t memory_of(const std::vector<SeriesKey>& series) {
    std::size_t bytes = 0;
    for (const SeriesKey& key : series) {
        bytes += sizeof key + kAllocations;
        bytes += key.metric_type.size() + key.label.size() + key.unit.size();
    }
    return bytes;
}

LayoutCache::Places::iterator LayoutCache::place_of(std::uint64_t hash,
                                                    const std::vector<SeriesKey>& series) {
    const auto [first, last] = places_.equal_range(hash);
    const auto found = std::find_if(
        first, last, [&](const auto& place) { return place.second->known.series == series; });
    return found == last ? places_.end() : found;
}

const LayoutCache::Known* LayoutCache::find(std::uint64_t hash,
                                            const std::vector<SeriesKey>& series) {
    const auto at = place_of(hash, series);
    if (at == places_.end()) return nullptr;
    entries_.splice(entries_.begin(), entries_, at->second);
    return &at->second->known;
}

void LayoutCache::put(std::uint64_t hash, Known known) {
    if (const auto old = place_of(hash, known.series); old != places_.end()) drop(old);
    const std::size_t bytes = memory_of(known.series) + kNodes;
    entries_.push_front({hash, bytes, std::move(known)});
    places_.emplace(hash, entries_.begin());
    bytes_ += bytes;
    while (bytes_ > most_bytes_) {
        const Entry& oldest = entries_.back();
        drop(place_of(oldest.hash, oldest.known.series));
    }
}

void LayoutCache::drop(Places::iterator at) {
    bytes_ -= at->second->bytes;
    entries_.erase(at->second);
    places_.erase(at);
}

void LayoutCache::take_all(LayoutCache& other) {
    // Oldest first, so that they keep their order.
    for (auto at = other.entries_.rbegin(); at != other.entries_.rend(); ++at) {
        put(at->hash, std::move(at->known));
    }
    other.clear();
}

void LayoutCache::clear() {
    places_.clear();
    entries_.clear();
    bytes_ = 0;
}

}  // namespace chorus::store
