// What stays the same for a process's life, and rows made of packed figures.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

#include "aggregator/history/processes/process_reader.h"
#include "aggregator/postgres/session.h"
#include "aggregator/sealed/processes/process_block.h"

namespace chorus::store {

// Which rows of process tables a reader wants.
struct ProcessFilter {
    std::optional<std::int32_t> host_id;
    std::optional<std::string> name_pattern;  // of LIKE, as the other three
    std::optional<std::int32_t> pid;
    std::optional<std::string> username_pattern, unit_pattern, container_pattern;
    Timestamp start = Timestamp::min();  // inclusive
    Timestamp end = Timestamp::max();    // inclusive

    bool names_processes() const {
        return name_pattern || pid || username_pattern || unit_pattern || container_pattern;
    }
};
// Adds name, pid, user, unit and container.
void add_process_filters(Parameters& parameters, const ProcessFilter& filter);

// Rows of `processes`, as far as the filter lets them through; each is read once.
class ProcessFacts {
  public:
    struct Fact {
        chorus::ProcessSample process;  // without figures
        std::optional<Timestamp> started_at;
    };

    // Throws DatabaseError.
    void load(Session& session, const ProcessFilter& filter, std::span<const std::int64_t> refs);
    // nullptr: it is not wanted, or not known any more.
    const Fact* find(std::int64_t ref) const;
    // Forgets all if it holds more than some thousands.
    void trim();

  private:
    std::unordered_map<std::int64_t, std::optional<Fact>> facts_;
};

// Where a packed process table was stored.
struct TablePlace {
    std::int32_t host_id = 0;
    std::string hostname;
};
// As a statement over process_batches would give it, sort_key too.
ProcessRow row_of_figures(const ProcessFacts::Fact& fact, const ProcessFigures& figures,
                          const TableHead& head, const TablePlace& place, ProcessSort sort);

}  // namespace chorus::store
