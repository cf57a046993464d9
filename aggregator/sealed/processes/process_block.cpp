#include "aggregator/sealed/processes/process_block.h"

#include <algorithm>
#include <map>

#include "aggregator/sealed/damage.h"

namespace chorus::store {
namespace {

constexpr std::size_t kMaskBits = 8;

[[noreturn]] void damaged_block() {
    throw DamagedRow("a packed process table is damaged");
}

// A run while the block is packed: its figures, one table after the other.
struct OpenRun {
    std::int64_t ref = 0;
    std::uint32_t first = 0;
    std::vector<const ProcessFigures*> figures;

    std::uint32_t end() const { return first + static_cast<std::uint32_t>(figures.size()); }
    void column(std::size_t figure, std::vector<std::int64_t>& out) const {
        out.clear();
        for (const auto* const row : figures) out.push_back((*row)[figure]);
    }
};

// By process and time. A table may name a process twice; the second one then begins a run.
std::vector<OpenRun> runs_of(std::span<const StoredTable> tables) {
    std::vector<OpenRun> runs;
    std::map<std::int64_t, std::size_t> newest;
    for (std::uint32_t t = 0; t < tables.size(); ++t) {
        const auto& table = tables[t];
        for (std::size_t i = 0; i < table.refs.size(); ++i) {
            const auto [at, is_new] = newest.try_emplace(table.refs[i], runs.size());
            if (is_new || runs[at->second].end() != t) {
                at->second = runs.size();
                runs.push_back({table.refs[i], t, {}});
            }
            runs[at->second].figures.push_back(&table.figures[i]);
        }
    }
    std::ranges::stable_sort(runs, {}, [](const OpenRun& run) {
        return std::pair{run.ref, run.first};
    });
    return runs;
}

bool stays(const OpenRun& run, std::size_t figure, std::int64_t value) {
    return std::ranges::all_of(run.figures,
                               [&](const auto* row) { return (*row)[figure] == value; });
}

// What most runs have from begin to end; kUnknown if none stays the same.
std::int64_t most_common(const std::vector<OpenRun>& runs, std::size_t figure) {
    std::map<std::int64_t, std::size_t> found;
    for (const auto& run : runs) {
        const auto value = (*run.figures.front())[figure];
        if (stays(run, figure, value)) ++found[value];
    }
    const auto most =
        std::ranges::max_element(found, {}, [](const auto& entry) { return entry.second; });
    return most == found.end() ? kUnknown : most->first;
}

// First a mask of the figures that differ from the common ones, least significant bit first.
void append_run(const OpenRun& run, std::span<const std::int64_t> common, std::string& body) {
    const auto mask = body.size();
    body.resize(mask + (common.size() + kMaskBits - 1) / kMaskBits, '\0');
    std::vector<std::int64_t> column;
    for (std::size_t f = 0; f < common.size(); ++f) {
        if (stays(run, f, common[f])) continue;
        auto& byte = body[mask + f / kMaskBits];
        byte = static_cast<char>(static_cast<unsigned char>(byte) | 1U << (f % kMaskBits));
        run.column(f, column);
        pack_figures(column, kFigureTypes[f], body);
    }
}

}  // namespace

std::size_t ProcessBlock::samples() const {
    std::size_t sum = 0;
    for (const auto count : tables) sum += static_cast<std::size_t>(count);
    return sum;
}

ProcessRun ProcessBlock::run(std::size_t number) const {
    const auto begin = number == 0 ? 0 : ends.at(number - 1);
    const auto end = ends.at(number), first = firsts.at(number), count = tables.at(number);
    const auto all = static_cast<std::int64_t>(heads.size());
    if (begin < 0 || end < begin || static_cast<std::size_t>(end) > body.size() || first < 0 ||
        count < 1 || std::int64_t{first} + count > all) {
        damaged_block();
    }
    return {refs.at(number), static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(count),
            std::string_view{body}.substr(static_cast<std::size_t>(begin),
                                          static_cast<std::size_t>(end - begin))};
}

RunReader::RunReader(const ProcessRun& run, std::span<const std::int64_t> common)
    : first_(run.first), common_(common) {
    auto bytes = run.bytes;
    const auto mask_bytes = (common.size() + kMaskBits - 1) / kMaskBits;
    if (common.size() > kProcessFigureCount || bytes.size() < mask_bytes) damaged_block();
    const auto mask = bytes.substr(0, mask_bytes);
    bytes.remove_prefix(mask_bytes);
    for (std::size_t f = 0; f < common.size(); ++f) {
        const auto byte = static_cast<unsigned char>(mask[f / kMaskBits]);
        if ((byte >> (f % kMaskBits) & 1U) != 0) {
            own_[f].emplace(bytes, run.tables, kFigureTypes[f]);
        }
    }
}

std::int64_t RunReader::figure(std::size_t figure, std::size_t table) const {
    if (own_[figure]) return own_[figure]->at(table - first_);
    return figure < common_.size() ? common_[figure] : kUnknown;
}

ProcessFigures RunReader::figures(std::size_t table) const {
    ProcessFigures out{};
    for (std::size_t f = 0; f < out.size(); ++f) out[f] = figure(f, table);
    return out;
}

ProcessBlock pack_tables(std::span<const StoredTable> tables) {
    ProcessBlock block;
    for (const auto& table : tables) block.heads.push_back(table.head);
    const auto runs = runs_of(tables);
    for (std::size_t f = 0; f < kProcessFigureCount; ++f) {
        block.common.push_back(most_common(runs, f));
    }
    for (const auto& run : runs) {
        append_run(run, block.common, block.body);
        block.refs.push_back(run.ref);
        block.firsts.push_back(static_cast<std::int32_t>(run.first));
        block.tables.push_back(static_cast<std::int32_t>(run.figures.size()));
        block.ends.push_back(static_cast<std::int32_t>(block.body.size()));
    }
    return block;
}

std::vector<StoredTable> unpack_tables(const ProcessBlock& block) {
    std::vector<StoredTable> tables;
    for (const auto& head : block.heads) tables.push_back({head, {}, {}});
    std::vector<std::vector<std::pair<std::int64_t, ProcessFigures>>> rows(tables.size());
    for (std::size_t r = 0; r < block.runs(); ++r) {
        const auto run = block.run(r);
        const RunReader reader{run, block.common};
        for (auto t = run.first; t < run.first + run.tables; ++t) {
            rows[t].emplace_back(run.ref, reader.figures(t));
        }
    }
    for (std::size_t t = 0; t < tables.size(); ++t) {
        std::ranges::sort(rows[t], {}, [](const auto& row) { return row.second[kPositionFigure]; });
        for (const auto& [ref, figures] : rows[t]) {
            tables[t].refs.push_back(ref);
            tables[t].figures.push_back(figures);
        }
    }
    return tables;
}

}  // namespace chorus::store
