#include "aggregator/notify/redis_channel.h"

#include "aggregator/alert_store/alert_json.h"
#include "common/json_writer.h"

namespace chorus::notify {

SendResult RedisChannel::send(const Message& message) {
    std::vector<std::string> alerts;
    for (const auto& one : message.notifications) {
        JsonWriter out;
        store::write_alert_event(out, one.alert, one.transition);
        alerts.push_back(out.take());
    }
    try {
        feed_.publish(alerts);
        return {};
    } catch (const cache::RedisUnavailable& e) {
        return SendResult::retry(e.what());
    }
}

}  // namespace chorus::notify
