#include "aggregator/api/metrics/process_json.h"

#include <utility>

#include "common/batch/process_columns.h"

namespace chorus::api {
namespace {

template <std::size_t I>
void write_column(JsonWriter& out, const ProcessSample& process, bool for_operator) {
    constexpr auto column = process_column<I>();
    const auto& value = process.*column.member;
    out.key(column.shown_name());
    if constexpr (column.type == ColumnType::text) {
        const bool there = column.needed || !value.empty();
        there && (for_operator || !column.for_operators) ? out.value(value) : out.null();
    } else if constexpr (column.type == ColumnType::state) {
        value ? out.value(to_string(*value)) : out.null();
    } else if constexpr (column.shown_in_mebibytes) {
        value ? out.value(static_cast<double>(*value) / 1048576.0) : out.null();
    } else {
        out.value(value);
    }
}

template <std::size_t... I>
void write_columns(JsonWriter& out, const ProcessSample& process, bool for_operator,
                   std::index_sequence<I...>) {
    (write_column<I>(out, process, for_operator), ...);
}

// These stand where the first release had them. All others follow as they are declared.
using Identity = std::index_sequence<process_column_index("pid"), process_column_index("name")>;
using Usage = std::index_sequence<
    process_column_index("cpu_percent"), process_column_index("memory_rss_bytes"),
    process_column_index("memory_percent"), process_column_index("disk_read_bytes"),
    process_column_index("disk_write_bytes")>;
using State = std::index_sequence<process_column_index("state")>;
using Origin = std::index_sequence<process_column_index("user"), process_column_index("ppid")>;

template <std::size_t I, std::size_t... Of>
constexpr bool is_one(std::index_sequence<Of...>) {
    return ((I == Of) || ...);
}
template <std::size_t I>
constexpr bool kFollows = process_column<I>().shown && !is_one<I>(Identity{}) &&
                          !is_one<I>(Usage{}) && !is_one<I>(State{}) && !is_one<I>(Origin{});

}  // namespace

void write_process(JsonWriter& out, const store::ProcessRow& row, bool show_cmdline) {
    const auto write = [&](auto columns) {
        write_columns(out, row.process, show_cmdline, columns);
    };
    out.begin_object().field("id", row.id.to_string());
    write(Identity{});
    out.field("hostname", row.hostname);
    write(Usage{});
    out.key("network_sent_bytes").null().key("network_recv_bytes").null();
    write(State{});
    out.field("timestamp", row.time).field("created_at", row.created_at);
    write(Origin{});
    for_each_process_column([&]<std::size_t I>() {
        if constexpr (kFollows<I>) write_column<I>(out, row.process, show_cmdline);
    });
    out.field("started_at", row.started_at).end_object();
}

}  // namespace chorus::api
