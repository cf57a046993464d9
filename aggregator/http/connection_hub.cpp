#include "aggregator/http/connection_hub.h"

#include "aggregator/http/connection.h"
#include "common/log.h"

namespace chorus::http {
namespace {

constexpr Logger kConnectionHubLog{"http"};

}  // namespace

ConnectionHub::ConnectionHub(Dispatcher& dispatcher, ServerLimits limits, MetricsRegistry& metrics)
    : dispatcher_(dispatcher),
      limits_(limits),
      open_(metrics.gauge("chorus_aggregator_http_connections", "Open client connections.")),
      refused_(metrics.counter("chorus_aggregator_http_connections_refused_total",
                               "Connections answered 503 because too many were open.")) {}

bool ConnectionHub::enter(Connection& connection) {
    const std::lock_guard lock(mutex_);
    if (connections_.size() >= limits_.connections || draining_) {
        refused_.add();
        return false;
    }
    connections_.insert(&connection);
    open_.set(static_cast<double>(connections_.size()));
    return true;
}

void ConnectionHub::leave(Connection& connection) {
    const std::lock_guard lock(mutex_);
    connections_.erase(&connection);
    open_.set(static_cast<double>(connections_.size()));
    left_.notify_all();
}

bool ConnectionHub::reserve_body(std::size_t bytes, SteadyTime deadline) {
    std::unique_lock lock(body_mutex_);
    const auto fits = [&] { return bytes <= limits_.body_bytes_in_flight - body_bytes_; };
    // What never fits is not waited for.
    if (bytes > limits_.body_bytes_in_flight) return false;
    if (!body_released_.wait_until(lock, deadline, fits)) return false;
    body_bytes_ += bytes;
    return true;
}

void ConnectionHub::release_body(std::size_t bytes) {
    const std::lock_guard lock(body_mutex_);
    body_bytes_ -= bytes;
    body_released_.notify_all();
}

void ConnectionHub::drain() {
    const std::lock_guard lock(mutex_);
    draining_ = true;
    for (Connection* connection : connections_) {
        if (connection->idle()) connection->abort();
    }
}

void ConnectionHub::finish(SteadyTime deadline) {
    std::unique_lock lock(mutex_);
    if (left_.wait_until(lock, deadline, [this] { return connections_.empty(); })) return;
    kConnectionHubLog.warning("Cutting connections that did not end in time",
                              {{"connections", connections_.size()}});
    for (Connection* connection : connections_) connection->abort();
    left_.wait(lock, [this] { return connections_.empty(); });
}

bool BodyReservation::add(std::size_t bytes, SteadyTime deadline) {
    if (bytes == 0) return true;
    if (!hub_.reserve_body(bytes, deadline)) return false;
    bytes_ += bytes;
    return true;
}

void BodyReservation::shrink_to(std::size_t bytes) {
    if (bytes >= bytes_) return;
    hub_.release_body(bytes_ - bytes);
    bytes_ = bytes;
}

}  // namespace chorus::http
