#include <limits>
#include <utility>

#include "common/batch/batch_json.h"
#include "common/batch/batch_json_checks.h"
#include "common/batch/batch_json_events.h"
#include "common/batch/batch_json_metrics.h"
#include "common/batch/batch_json_processes.h"
#include "common/batch/batch_json_services.h"

namespace chorus {
namespace {

using Checker = BatchChecker;
using json_checks::IntegerRange;
using json_checks::kNatural31;
using json_checks::kNatural63;
using json_checks::Path;
using json_checks::RealRange;

constexpr RealRange kInterval{1, 86'400};
constexpr IntegerRange kTicksPerSecond{1, 1'000'000};

std::string_view read_hostname(JsonValue value, const Path& at, Checker& check) {
    std::string_view raw;
    const std::string_view text = check.text(value, at, limits::kHostnameBytes);
    const bool checked = value.get(raw) != simdjson::SUCCESS || text.size() != raw.size();
    if (!checked && !is_hostname(text)) check.pattern_mismatch(at, kHostnamePattern);
    return text;
}

void read_agent(JsonValue value, const Path& at, Batch& out, Checker& check) {
    const auto object = check.object(value, at);
    if (!object) return;
    bool identified = false;
    for (const auto [key, item] : *object) {
        const Path here = at / key;
        if (key == "id") {
            identified = true;
            out.agent.id = check.uuid(item, here).value_or(Uuid{});
        } else if (key == "version" && !item.is_null()) {
            out.agent.version = check.cut_text(item, here, limits::kLabelBytes);
        } else if (key == "interval_seconds" && !item.is_null()) {
            out.agent.interval_seconds = check.real(item, here, kInterval).value_or(30);
        }
    }
    if (!identified) check.missing(at / "id");
}

void read_host(JsonValue value, const Path& at, HostInfo& out, Checker& check) {
    if (value.is_null()) return;
    const auto object = check.object(value, at);
    if (!object) return;
    for (const auto [key, item] : *object) {
        if (item.is_null()) continue;
        const Path here = at / key;
        if (key == "os") {
            out.os = check.cut_text(item, here, limits::kLabelBytes);
        } else if (key == "kernel") {
            out.kernel = check.cut_text(item, here, limits::kLabelBytes);
        } else if (key == "cpu_model") {
            out.cpu_model = check.cut_text(item, here, limits::kLabelBytes);
        } else if (key == "cpu_count") {
            out.cpu_count = check.lenient_integer(item, here, kNatural31);
        } else if (key == "memory_total_bytes") {
            out.memory_total_bytes = check.lenient_integer(item, here, kNatural63);
        } else if (key == "boot_time") {
            out.boot_time = check.lenient_timestamp(item, here);
        } else if (key == "clock_ticks_per_second") {
            out.clock_ticks_per_second =
                check.lenient_integer(item, here, kTicksPerSecond).value_or(100);
        }
    }
}

// Members of the root that must be there.
struct Seen {
    bool agent = false, epoch = false, seq = false, hostname = false, boot_id = false;
    bool timestamp = false, sent_at = false, metrics = false;

    void report(const Path& root, Checker& check) const {
        const std::pair<bool, std::string_view> needed[] = {
            {agent, "agent"},       {epoch, "epoch"},     {seq, "seq"},
            {hostname, "hostname"}, {boot_id, "boot_id"}, {timestamp, "timestamp"},
            {sent_at, "sent_at"},   {metrics, "metrics"}};
        for (const auto& [there, name] : needed) {
            if (!there) check.missing(root / name);
        }
    }
};

void read_member(std::string_view key, JsonValue item, const Path& here, Batch& out, Seen& seen,
                 Checker& check) {
    if (key == "agent") {
        seen.agent = true;
        read_agent(item, here, out, check);
    } else if (key == "epoch") {
        seen.epoch = true;
        out.epoch = check.uuid(item, here).value_or(Uuid{});
    } else if (key == "seq") {
        seen.seq = true;
        // One below the largest, so that the half-open range [seq, seq + 1) still fits in bigint.
        constexpr IntegerRange range{0, std::numeric_limits<std::int64_t>::max() - 1};
        out.seq = check.integer(item, here, range).value_or(0);
    } else if (key == "hostname") {
        seen.hostname = true;
        out.hostname = read_hostname(item, here, check);
    } else if (key == "boot_id") {
        seen.boot_id = true;
        out.boot_id = check.uuid(item, here).value_or(Uuid{});
    } else if (key == "timestamp") {
        seen.timestamp = true;
        out.time = check.timestamp(item, here).value_or(Timestamp{});
    } else if (key == "sent_at") {
        seen.sent_at = true;
        out.sent_at = check.timestamp(item, here).value_or(Timestamp{});
    } else if (key == "host") {
        read_host(item, here, out.host, check);
    } else if (key == "metrics") {
        seen.metrics = true;
        read_metrics(item, here, out, check);
    } else if (key == "processes" && !item.is_null()) {
        out.processes = read_processes(item, here, check);
    } else if (key == "events") {
        read_events(item, here, out.events, check);
    } else if (key == "services") {
        read_service_checks(item, here, out.services, check);
    }
}

void check_whole(const Batch& batch, const Path& root, Checker& check) {
    if (batch.time > batch.sent_at + limits::kFutureTolerance) {
        check.fail(root / "timestamp", "datetime_parsing",
                   "Input should be at most 10 minutes after sent_at");
    }
    if (batch.layout.empty() && (!batch.processes || batch.processes->rows.empty())) {
        const Path metrics = root / "metrics";
        check.too_short(metrics / "layout", 1);
    }
}

}  // namespace

Batch read_batch(const JsonValue& body, FieldErrors& errors) {
    FieldErrors warnings;
    return read_batch(body, errors, warnings);
}

Batch read_batch(const JsonValue& body, FieldErrors& errors, FieldErrors& warnings) {
    Batch out;
    Checker check{errors, warnings};
    const Path root{"body"};
    const auto object = check.object(body, root);
    if (!object) return out;
    Seen seen;
    for (const auto [key, item] : *object) read_member(key, item, root / key, out, seen, check);
    seen.report(root, check);
    if (!check.failed()) check_whole(out, root, check);
    out.set_aside = check.set_aside();
    return out;
}

}  // namespace chorus
