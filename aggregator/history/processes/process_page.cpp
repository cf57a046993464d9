#include "aggregator/history/processes/process_page.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <tuple>
#include <utility>

#include "aggregator/history/direction.h"
#include "aggregator/history/processes/process_sql.h"

namespace chorus::store {
namespace {

using std::chrono::sys_days;

constexpr std::int64_t kStoredAtATime = 1'000;
constexpr std::size_t kSpare = 4'096;  // rows more than wanted that are held while a sort goes on

std::vector<ProcessRow> read_stored(Session& session, const ProcessFilter& filter,
                                    const ProcessPage& page) {
    const auto& order = page.order;
    const bool by_time = order.sort == ProcessSort::timestamp;
    Parameters parameters;
    parameters.int4(filter.host_id).timestamp(filter.start).timestamp(filter.end);
    add_process_filters(parameters, filter);
    add_cursor(parameters, by_time ? order.after : std::nullopt);
    parameters.int8(page.limit).int8(page.offset);
    if (page.refs) parameters.int8_array(std::span{*page.refs});
    const auto sql = page.refs ? picked_process_rows_sql(order.sort, order.ascending)
                               : process_rows_sql(order.sort, order.ascending);
    std::vector<ProcessRow> rows;
    read_process_rows(session.execute_once(sql, parameters), rows);
    return rows;
}

std::optional<std::span<const std::int64_t>> span_of(
    const std::optional<std::vector<std::int64_t>>& refs) {
    if (!refs) return std::nullopt;
    return std::span<const std::int64_t>{*refs};
}

// Whether a comes before b.
bool precedes(const ProcessRow& a, const ProcessRow& b, const ProcessOrder& order) {
    if (a.sort_key.has_value() != b.sort_key.has_value()) return a.sort_key.has_value();
    const auto key = [](const ProcessRow& row) {
        return std::tuple{row.sort_key.value_or(0), row.time, row.cursor.host_id,
                          row.cursor.position};
    };
    return order.ascending ? key(a) < key(b) : key(b) < key(a);
}

// Rows of process_batches in order of time, some at a time.
class StoredRows {
  public:
    StoredRows(Session& session, const ProcessFilter& filter, const ProcessPage& page)
        : session_(session), filter_(filter), page_(page) {
        page_.limit = std::min(page.limit + page.offset, kStoredAtATime);
        page_.offset = 0;
    }
    // nullptr: there is none.
    ProcessRow* head() {
        if (next_ == rows_.size() && !done_) {
            rows_ = read_stored(session_, filter_, page_);
            next_ = 0;
            done_ = static_cast<std::int64_t>(rows_.size()) < page_.limit;
            if (!rows_.empty()) page_.order.after = rows_.back().cursor;
        }
        return next_ == rows_.size() ? nullptr : &rows_[next_];
    }
    void pop() { ++next_; }

  private:
    Session& session_;
    const ProcessFilter& filter_;
    ProcessPage page_;
    std::vector<ProcessRow> rows_;
    std::size_t next_ = 0;
    bool done_ = false;
};

std::vector<ProcessRow> merge_by_time(Session& session, const ProcessFilter& filter,
                                      const ProcessPage& page, std::vector<sys_days> moved) {
    StoredRows stored{session, filter, page};
    PackedProcesses packed{session,    filter,           span_of(page.refs),
                           page.order, std::move(moved), page.limit + page.offset};
    std::vector<ProcessRow> rows;
    auto left_out = page.offset;
    const auto take = [&](ProcessRow& row) {
        if (left_out > 0) {
            --left_out;
        } else {
            rows.push_back(std::move(row));
        }
    };
    while (static_cast<std::int64_t>(rows.size()) < page.limit) {
        auto* const late = stored.head();
        const auto bound = packed.bound();
        const bool sure =
            late != nullptr && (page.order.ascending ? late->time < bound : late->time > bound);
        auto* const old = sure ? nullptr : packed.head();
        if (old != nullptr && (late == nullptr || precedes(*old, *late, page.order))) {
            take(*old);
            packed.pop();
        } else if (late != nullptr) {
            take(*late);
            stored.pop();
        } else {
            break;
        }
    }
    return rows;
}

// Every row has to be looked at. As many are held as are wanted, and some more.
std::vector<ProcessRow> merge_by_key(Session& session, const ProcessFilter& filter,
                                     const ProcessPage& page, std::vector<sys_days> moved) {
    auto all = page;
    all.limit += all.offset;
    all.offset = 0;
    auto rows = read_stored(session, filter, all);
    const auto wanted = static_cast<std::size_t>(all.limit);
    const auto before = [&](const ProcessRow& a, const ProcessRow& b) {
        return precedes(a, b, page.order);
    };
    PackedProcesses packed{session,    filter,           span_of(page.refs),
                           page.order, std::move(moved), all.limit};
    for (auto* row = packed.head(); row != nullptr; row = packed.head()) {
        rows.push_back(std::move(*row));
        packed.pop();
        if (rows.size() < wanted + kSpare) continue;
        std::ranges::nth_element(rows, rows.begin() + static_cast<std::ptrdiff_t>(wanted), before);
        rows.resize(wanted);
    }
    std::ranges::sort(rows, before);
    const auto first = std::min(rows.size(), static_cast<std::size_t>(page.offset));
    const auto last = std::min(rows.size(), wanted);
    return {std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(first)),
            std::make_move_iterator(rows.begin() + static_cast<std::ptrdiff_t>(last))};
}

}  // namespace

std::vector<ProcessRow> read_process_page(Session& session, const ProcessFilter& filter,
                                          const ProcessPage& page) {
    auto moved = find_sealed_process_days(session, filter.start, filter.end);
    if (moved.empty()) return read_stored(session, filter, page);
    if (!page.order.ascending) std::ranges::reverse(moved);
    return page.order.sort == ProcessSort::timestamp
               ? merge_by_time(session, filter, page, std::move(moved))
               : merge_by_key(session, filter, page, std::move(moved));
}

std::vector<ProcessRow> read_stored_processes(Session& session, const ProcessFilter& filter) {
    ProcessPage page;
    page.order.ascending = true;
    page.limit = std::numeric_limits<std::int32_t>::max();
    return read_stored(session, filter, page);
}

}  // namespace chorus::store
