#include "agent/events/host_events.h"

#include <algorithm>
#include <cmath>

#include "agent/process/process_name.h"
#include "common/json_writer.h"

namespace chorus::agent {
namespace {

using std::chrono::microseconds;

double seconds(std::uint64_t ticks, std::int64_t per_second) {
    return static_cast<double>(ticks) / static_cast<double>(per_second);
}

microseconds start_since_boot(const ProcessLife& life, std::int64_t ticks_per_second) {
    return microseconds{life.start_ticks * (1'000'000 / ticks_per_second)};
}

JsonWriter& begin_process(JsonWriter& out, const ProcessLife& life) {
    out.begin_object().field("pid", life.pid).field("start_ticks", life.start_ticks);
    out.field("process_name", life.name);
    if (!life.unit.empty()) out.field("unit", life.unit);
    return out;
}

// Where the clock was set back to the beginning of time, the start of a process lies before it.
Timestamp not_before_1970(Timestamp time) {
    return std::max(time, Timestamp{});
}

}  // namespace

void append_events(std::vector<Event>& out, const ProcessChanges& changes,
                   const EventMoment& moment) {
    const auto since_boot = std::chrono::duration_cast<microseconds>(moment.since_boot);
    const auto age = [&](const ProcessLife& life) {
        return std::max(microseconds{0},
                        since_boot - start_since_boot(life, moment.ticks_per_second));
    };
    for (const ProcessLife& life : changes.started) {
        JsonWriter detail;
        begin_process(detail, life).end_object();
        out.push_back({"process_start", not_before_1970(moment.now - age(life)), detail.take()});
    }
    for (const ProcessLife& life : changes.ended) {
        JsonWriter detail;
        begin_process(detail, life)
            .field("lived_seconds",
                   std::round(std::chrono::duration<double>(age(life)).count() * 10) / 10)
            .field("cpu_seconds", seconds(life.cpu_ticks, moment.ticks_per_second))
            .field("memory_rss_bytes", life.rss_bytes)
            .end_object();
        out.push_back({"process_exit", moment.now, detail.take()});
    }
    if (changes.more_started == 0 && changes.more_ended == 0) return;
    JsonWriter detail;
    detail.begin_object()
        .field("started", changes.more_started)
        .field("ended", changes.more_ended)
        .end_object();
    out.push_back({"process_churn", moment.now, detail.take()});
}

void append_event(std::vector<Event>& out, const OomKill& kill,
                  const std::optional<ProcessLife>& victim) {
    JsonWriter detail;
    if (victim) {
        begin_process(detail, *victim);
    } else {
        detail.begin_object()
            .field("pid", kill.pid)
            .field("process_name", process_name(kill.comm, {}));
    }
    detail.field("scope", kill.in_cgroup ? "cgroup" : "host")
        .field("memory_anon_bytes", kill.anon_rss_bytes)
        .end_object();
    out.push_back({"oom_kill", not_before_1970(kill.time), detail.take()});
}

}  // namespace chorus::agent
