#include "aggregator/batches/batch_prepared.h"

#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

#include "aggregator/batches/layout_cache.h"
#include "common/batch/process_columns.h"

namespace chorus::store {
namespace {

// Collects bytes for one call of the hash. Texts carry their length, optionals a mark, so that
// different contents never give the same bytes.
class Bytes {
  public:
    explicit Bytes(std::string& buffer) : buffer_(buffer) { buffer_.clear(); }

    template <typename T>
    requires std::is_arithmetic_v<T> Bytes& add(const T& value) {
        buffer_.append(reinterpret_cast<const char*>(&value), sizeof value);
        return *this;
    }
    template <typename T>
    Bytes& add(const std::optional<T>& value) {
        buffer_ += value ? '\1' : '\0';
        return value ? add(*value) : *this;
    }
    Bytes& add(Timestamp time) { return add(to_unix_micros(time)); }
    Bytes& add(const std::optional<Timestamp>& time) {
        buffer_ += time ? '\1' : '\0';
        return time ? add(*time) : *this;
    }
    Bytes& add(const Uuid& id) {
        buffer_.append(reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size());
        return *this;
    }
    Bytes& add(std::string_view text) {
        add(static_cast<std::uint32_t>(text.size()));
        buffer_.append(text);
        return *this;
    }
    Bytes& add(const std::string& text) { return add(std::string_view{text}); }

    std::uint64_t hash64() const { return XXH3_64bits(buffer_.data(), buffer_.size()); }
    Uuid hash128() const {
        XXH128_canonical_t canonical;
        XXH128_canonicalFromHash(&canonical, XXH3_128bits(buffer_.data(), buffer_.size()));
        Uuid digest;
        static_assert(sizeof canonical.digest == sizeof digest.bytes);
        std::memcpy(digest.bytes.data(), canonical.digest, sizeof canonical.digest);
        return digest;
    }

  private:
    std::string& buffer_;
};

std::uint64_t hash_layout(const std::vector<SeriesKey>& layout, std::string& buffer) {
    Bytes bytes{buffer};
    for (const SeriesKey& key : layout) bytes.add(key.metric_type).add(key.label).add(key.unit);
    return bytes.hash64();
}

// Digests are stored, so neither their members nor the order of these ever change: a process would
// get a second row.
Uuid digest_process(const Uuid& boot_id, const ProcessSample& p, std::string& buffer) {
    return Bytes{buffer}
        .add(boot_id)
        .add(p.pid)
        .add(p.start_ticks)
        .add(p.name)
        .add(p.user)
        .add(p.ppid)
        .add(p.unit)
        .add(p.container_id)
        .add(p.cmdline)
        .hash128();
}

void add_facts(Bytes& bytes, const Batch& b) {
    bytes.add(b.agent.version).add(b.agent.interval_seconds).add(b.hostname).add(b.boot_id);
    bytes.add(b.time).add(b.host.os).add(b.host.kernel).add(b.host.cpu_model);
    bytes.add(b.host.cpu_count).add(b.host.memory_total_bytes).add(b.host.boot_time);
    bytes.add(b.host.clock_ticks_per_second);
}

// Where a marked figure is not known it leaves nothing, so that a batch of an agent that does not
// yet send it keeps its hash: it may have been stored by an aggregator that did not yet know it.
template <std::size_t I>
void add_figure(Bytes& bytes, const ProcessSample& process) {
    constexpr auto column = process_column<I>();
    const auto& value = process.*column.member;
    if constexpr (column.type == ColumnType::state) {
        bytes.add(value ? static_cast<char>(*value) : '?');
    } else if constexpr (column.mark == '\0') {
        bytes.add(value);
    } else if (value) {
        bytes.add(column.mark).add(*value);
    }
}

void add_processes(Bytes& bytes, const ProcessTable& table, const std::vector<Uuid>& digests) {
    bytes.add(table.scanned).add(table.other.has_value());
    if (table.other) {
        bytes.add(table.other->count).add(table.other->cpu_percent);
        bytes.add(table.other->memory_rss_bytes);
    }
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
        bytes.add(digests[i]);
        for_each_process_column([&]<std::size_t I>() {
            if constexpr (!process_column<I>().lifelong) add_figure<I>(bytes, table.rows[i]);
        });
    }
}

// As in add_figure(): a batch without checks keeps its hash.
void add_services(Bytes& bytes, const std::vector<AgentServiceCheck>& services) {
    if (services.empty()) return;
    bytes.add('S').add(services.size());
    for (const auto& check : services) {
        bytes.add(check.name).add(check.endpoint).add(static_cast<std::int32_t>(check.status));
        bytes.add(check.age.count()).add(check.interval_seconds).add(check.response_time_ms);
        bytes.add(check.error);
    }
}

std::size_t estimate_bytes(const Batch& b) {
    constexpr std::size_t process_bytes = sizeof(ProcessSample) + sizeof(Uuid) + 64;
    std::size_t bytes =
        sizeof(PreparedBatch) + b.values.size() * sizeof(double) + memory_of(b.layout);
    if (b.processes) {
        bytes += b.processes->rows.size() * process_bytes;
        for (const auto& p : b.processes->rows) bytes += p.cmdline.size();
    }
    for (const auto& event : b.events) bytes += sizeof event + event.detail_json.size();
    for (const auto& check : b.services) {
        bytes += sizeof check + check.name.size() + check.endpoint.size() + check.error.size();
    }
    return bytes;
}

// No agent is as old: the clock of a board without a battery had not been set yet.
constexpr Timestamp kOldestClock{std::chrono::seconds{1'577'836'800}};  // 2020

// Between collecting and sending a host's clock is right about how long that took, whatever it
// says.
void set_times(PreparedBatch& p, const KeptTimes& kept) {
    const auto age = std::max(p.batch.sent_at - p.batch.time, Timestamp::duration{0});
    p.made_at = p.received_at - age;
    const auto is_kept = [&](Timestamp t) { return t >= kept.oldest && t <= kept.newest; };
    p.age_known = p.batch.sent_at > p.batch.time;
    const bool sent_is_kept = is_kept(p.batch.sent_at);
    const bool was_unset = p.batch.time < kOldestClock && p.batch.sent_at >= kOldestClock;
    p.timed_by_receipt = !sent_is_kept || was_unset;
    if (!p.timed_by_receipt) return;
    auto behind = p.received_at - p.batch.sent_at;
    if (is_kept(p.batch.time) || was_unset) {
        // The clock was set in between: how long the batch waited nobody knows.
        p.age_known = false;
        p.made_at = p.received_at;
        behind = was_unset ? p.received_at - p.batch.time : Timestamp::duration{0};
    }
    p.batch.time = p.made_at;
    if (p.batch.host.boot_time) *p.batch.host.boot_time += behind;
    for (Event& event : p.batch.events) event.time += behind;
}

}  // namespace

PreparedBatch prepare_batch(Batch&& batch, Timestamp received_at, const KeptTimes& kept) {
    thread_local std::string buffer;
    PreparedBatch out;
    out.batch = std::move(batch);
    out.received_at = received_at;
    const Batch& b = out.batch;
    out.layout_hash = hash_layout(b.layout, buffer);
    if (b.processes) {
        out.process_rows = static_cast<std::int64_t>(b.processes->rows.size());
        out.process_digests.reserve(b.processes->rows.size());
        for (const auto& p : b.processes->rows) {
            out.process_digests.push_back(digest_process(b.boot_id, p, buffer));
        }
    }
    Bytes bytes{buffer};
    add_facts(bytes, b);
    bytes.add(out.layout_hash);
    for (const double value : b.values) {
        bytes.add(value);
        if (!std::isnan(value)) ++out.system_values;
    }
    if (b.processes) add_processes(bytes, *b.processes, out.process_digests);
    for (const auto& event : b.events) bytes.add(event.type).add(event.time).add(event.detail_json);
    add_services(bytes, b.services);
    // What was left out of the batch is content of what was received, too.
    if (b.set_aside != 0) bytes.add('A').add(b.set_aside);
    out.payload_hash = static_cast<std::int64_t>(bytes.hash64());
    out.bytes = estimate_bytes(b);
    set_times(out, kept);
    return out;
}

}  // namespace chorus::store
