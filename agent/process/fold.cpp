#include "agent/process/fold.h"

#include <fnmatch.h>

#include <algorithm>
#include <array>
#include <numeric>

namespace chorus::agent {
namespace {

// Indices of rows, the greatest first, as far as `most`.
std::vector<std::size_t> ranked(std::size_t rows, std::size_t most, auto greater) {
    std::vector<std::size_t> order(rows);
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto end = order.begin() + static_cast<std::ptrdiff_t>(std::min(most, rows));
    std::partial_sort(order.begin(), end, order.end(), greater);
    order.erase(end, order.end());
    return order;
}

void add_to(ProcessRemainder& other, const ProcessSample& row) {
    ++other.count;
    if (row.cpu_percent) other.cpu_percent = other.cpu_percent.value_or(0) + *row.cpu_percent;
    if (row.memory_rss_bytes) {
        other.memory_rss_bytes = other.memory_rss_bytes.value_or(0) + *row.memory_rss_bytes;
    }
}

}  // namespace

bool matches_any(const std::string& name, const std::vector<std::string>& globs) {
    return std::any_of(globs.begin(), globs.end(), [&](const std::string& glob) {
        return ::fnmatch(glob.c_str(), name.c_str(), 0) == 0;
    });
}

std::uint64_t disk_bytes(const ProcessSample& process) {
    return static_cast<std::uint64_t>(process.disk_read_bytes.value_or(0)) +
           static_cast<std::uint64_t>(process.disk_write_bytes.value_or(0));
}

void fold_small_processes(ProcessTable& table, std::size_t most,
                          const std::vector<std::string>& always, const IoRank& io) {
    auto& rows = table.rows;
    if (rows.size() <= most) return;
    std::vector<std::uint64_t> traffic;
    traffic.reserve(rows.size());
    for (const auto& row : rows) traffic.push_back(io(row));
    const auto by = [&](auto value) {
        return ranked(rows.size(), most, [value](std::size_t a, std::size_t b) {
            const auto of_a = value(a), of_b = value(b);
            return of_a != of_b ? of_a > of_b : a < b;
        });
    };
    const std::array orders{by([&](std::size_t i) { return rows[i].cpu_percent.value_or(0); }),
                            by([&](std::size_t i) { return rows[i].memory_rss_bytes.value_or(0); }),
                            by([&](std::size_t i) { return traffic[i]; }),
                            by([&](std::size_t i) { return rows[i].fd_count.value_or(0); })};
    std::vector<char> kept(rows.size(), 0);
    std::size_t count = 0;
    const auto keep = [&](std::size_t i) {
        if (count >= most || kept[i] != 0) return;
        kept[i] = 1;
        ++count;
    };
    for (std::size_t i = 0; i < rows.size() && !always.empty(); ++i) {
        if (matches_any(rows[i].name, always)) keep(i);
    }
    for (std::size_t rank = 0; rank < most; ++rank) {
        for (const auto& order : orders) keep(order[rank]);
    }
    ProcessRemainder other = table.other.value_or(ProcessRemainder{});
    std::vector<ProcessSample> left;
    left.reserve(count);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (kept[i] != 0) {
            left.push_back(std::move(rows[i]));
        } else {
            add_to(other, rows[i]);
        }
    }
    rows = std::move(left);
    table.other = other;
}

}  // namespace chorus::agent
