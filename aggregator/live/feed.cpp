#include "aggregator/live/feed.h"

#include <cmath>

#include "aggregator/cache/overview.h"
#include "aggregator/cache/service_health.h"
#include "aggregator/service_store/service_reader.h"
#include "common/json_writer.h"

namespace chorus::live {
namespace {

// Hosts that may wait to be told of; more are told of with their next batch.
constexpr std::size_t kMostPending = 5'000;

std::string overview_json(const Batch& batch) {
    JsonWriter out;
    cache::write_overview(out, cache::make_overview(batch));
    return out.take();
}

// The values of the whole host; the breakdowns by disk, interface and core are left to the API.
std::string metrics_json(const Batch& batch) {
    JsonWriter out;
    out.begin_object()
        .field("hostname", batch.hostname)
        .field("timestamp", batch.time)
        .key("metrics")
        .begin_object();
    for (std::size_t i = 0; i < batch.layout.size(); ++i) {
        const SeriesKey& key = batch.layout[i];
        if (!key.label.empty() || std::isnan(batch.values[i])) continue;
        out.key(key.metric_type).begin_object().field("value", batch.values[i]).key("unit");
        key.unit.empty() ? out.null() : out.value(key.unit);
        out.end_object();
    }
    out.end_object().end_object();
    return out.take();
}

std::string service_json(const store::ServiceState& service) {
    JsonWriter out;
    cache::write_service_health(out, {.service_name = service.service,
                                      .endpoint = service.endpoint,
                                      .status = service.status,
                                      .response_time_ms = service.response_time_ms,
                                      .last_checked = service.last_checked,
                                      .error_message = service.error});
    return out.take();
}

std::string host_json(const std::string& hostname, std::string_view status,
                      const store::HostRow* row) {
    JsonWriter out;
    out.begin_object().field("hostname", hostname).field("status", status).key("last_seen");
    row != nullptr ? out.value(row->last_seen) : out.null();
    out.end_object();
    return out.take();
}

}  // namespace

void Feed::start() {
    stopping_ = false;
    thread_ = std::thread([this] { run(); });
}

void Feed::stop() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
}

void Feed::on_stored(const Batch& batch) {
    if (!streams_.wanted()) return;
    HostEvents events{batch.processes ? overview_json(batch) : "", metrics_json(batch)};
    const std::lock_guard lock(mutex_);
    if (pending_.size() >= kMostPending && !pending_.contains(batch.hostname)) return;
    pending_[batch.hostname] = std::move(events);
    wake_.notify_one();
}

void Feed::run() {
    std::unique_lock lock(mutex_);
    while (!stopping_) {
        wake_.wait(lock, [this] { return stopping_ || !pending_.empty(); });
        // What comes within this time goes out together.
        if (wake_.wait_for(lock, kGather, [this] { return stopping_; })) return;
        std::map<std::string, HostEvents> events;
        events.swap(pending_);
        lock.unlock();
        for (const auto& [hostname, event] : events) {
            if (!event.overview.empty()) streams_.publish("overview", hostname, event.overview);
            streams_.publish("metrics", hostname, event.metrics);
        }
        lock.lock();
    }
}

void Feed::watch_services() {
    if (!streams_.wanted()) {
        services_known_ = false;
        return;
    }
    for (const auto& [name, service] : store::ServiceReader{database_}.states()) {
        auto& told = services_[name];
        if (services_known_ && told != service.last_checked) {
            streams_.publish("service", "", service_json(service));
        }
        told = service.last_checked;
    }
    services_known_ = true;
}

void Feed::watch_hosts() {
    if (!streams_.wanted()) {
        hosts_known_ = false;  // what changes meanwhile is seen by those who come and look
        return;
    }
    const auto rows = store::HostReader{database_, clock_}.list();
    std::map<std::string, store::HostStatus> now;
    for (const auto& row : rows) {
        now.emplace(row.hostname, row.status);
        const auto before = hosts_.find(row.hostname);
        const bool changed = before == hosts_.end() || before->second != row.status;
        if (!hosts_known_ || !changed) continue;
        streams_.publish("host", row.hostname,
                         host_json(row.hostname, store::to_string(row.status), &row));
    }
    for (const auto& [hostname, status] : hosts_) {
        if (!hosts_known_ || now.contains(hostname)) continue;
        streams_.publish("host", hostname, host_json(hostname, "removed", nullptr));
    }
    hosts_ = std::move(now);
    hosts_known_ = true;
}

}  // namespace chorus::live
