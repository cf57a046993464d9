#include "aggregator/alert_store/packed_process_tables.h"

#include <algorithm>
#include <limits>
#include <map>
#include <tuple>

#include "aggregator/sealed/processes/process_reader.h"
#include "aggregator/sealed/sealed_reader.h"
#include "common/batch/process_columns.h"

namespace chorus::store {
namespace {

constexpr double kUnknownFigure = std::numeric_limits<double>::quiet_NaN();
constexpr double kMebibyte = 1048576.0;

double number(std::int64_t figure) {
    return figure == kUnknown ? kUnknownFigure : static_cast<double>(figure);
}

double real(std::int64_t figure) {
    return figure == kUnknown ? kUnknownFigure : real_of_figure(figure);
}

// By ProcessFigure, as the statement of rule_processes.cpp computes them.
std::array<double, kProcessFigures> figures_of(const RunReader& run, std::size_t table,
                                               std::int64_t memory_total) {
    const auto figure = [&]<std::size_t I>() { return run.figure(figure_index<I>(), table); };
    const auto rss = number(figure.operator()<process_column_index("memory_rss_bytes")>());
    auto percent = real(figure.operator()<process_column_index("memory_percent")>());
    if (percent != percent && memory_total != kUnknown && memory_total != 0) {
        percent = 100.0 * rss / static_cast<double>(memory_total);
    }
    return {real(figure.operator()<process_column_index("cpu_percent")>()),
            rss / kMebibyte,
            percent,
            number(figure.operator()<process_column_index("disk_read_bytes")>()),
            number(figure.operator()<process_column_index("disk_write_bytes")>()),
            number(figure.operator()<process_column_index("num_threads")>()),
            number(figure.operator()<process_column_index("fd_count")>())};
}

}  // namespace

PackedProcessTables::PackedProcessTables(Session& session, const SampleScope& scope)
    : session_(session) {
    const AnswerTime time;
    const auto times = host_times(scope);
    for (const auto day : find_sealed_process_days(session, times.from, times.to)) {
        time.check();
        for (const auto& block :
             read_block_heads(session, day, scope.only_host, times.from, times.to, std::nullopt)) {
            for (std::size_t t = 0; t < block.heads.size(); ++t) {
                const auto& head = block.heads[t];
                const auto received = head.time + head.delay;
                if (!takes(scope, block.key.host_id, head.time, received)) continue;
                tables_.push_back({{block.key.host_id, head.time, received}, block.key.first, t});
            }
        }
    }
}

void PackedProcessTables::add_tables(std::vector<ProcessSnapshotTime>& tables) const {
    for (const auto& table : tables_) tables.push_back(table.snapshot);
}

void PackedProcessTables::add_samples(const std::vector<WantedProcess>& wanted,
                                      const std::vector<std::size_t>& places,
                                      std::vector<ProcessSample>& samples) const {
    // Of each host: from when to when its tables are, and where they stand in the answer.
    struct Host {
        Timestamp first = Timestamp::max(), last = Timestamp::min();
        std::map<std::pair<Timestamp, std::size_t>, std::size_t> places;
    };
    std::map<std::int32_t, Host> hosts;
    for (std::size_t i = 0; i < tables_.size(); ++i) {
        auto& host = hosts[tables_[i].snapshot.host_id];
        host.first = std::min(host.first, tables_[i].snapshot.time);
        host.last = std::max(host.last, tables_[i].snapshot.time);
        host.places.emplace(std::pair{tables_[i].block, tables_[i].number}, places.at(i));
    }
    std::map<std::int32_t, std::vector<std::int64_t>> refs;
    for (const auto& process : wanted) refs[process.host_id].push_back(process.process_ref);
    const AnswerTime time;
    for (const auto& [id, host] : hosts) {
        const auto of_host = refs.find(id);
        if (of_host == refs.end()) continue;
        time.check();
        read_process_runs(
            session_, id, of_host->second, host.first, host.last, OnDamage::skip,
            [&, &host = host](const ProcessOfBlock& process) {
                const RunReader reader{process.run, process.common};
                const auto end = process.run.first + process.run.tables;
                for (auto t = process.run.first; t < end; ++t) {
                    const auto at = host.places.find({process.times.front(), t});
                    if (at == host.places.end()) continue;
                    samples.push_back({at->second, process.run.ref,
                                       figures_of(reader, t, process.memory_total[t])});
                }
            });
    }
}

}  // namespace chorus::store
