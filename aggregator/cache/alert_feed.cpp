#include "aggregator/cache/alert_feed.h"

namespace chorus::cache {
namespace {

constexpr std::chrono::milliseconds kTimeout{1'000};

}  // namespace

void AlertFeed::publish(const std::vector<std::string>& alerts) {
    // Taken out while in use: after an exception the connection is of no use any more.
    auto connection = std::move(connection_);
    if (!connection) connection = std::make_unique<RedisConnection>(target_, kTimeout);
    for (const auto& alert : alerts) connection->append({"PUBLISH", "alerts", alert});
    for (std::size_t i = 0; i < alerts.size(); ++i) connection->reply();
    connection_ = std::move(connection);
}

}  // namespace chorus::cache
