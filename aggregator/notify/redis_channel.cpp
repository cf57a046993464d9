#include "aggregator/notify/redis_channel.h"

#include "aggregator/alert_store/alert_json.h"
#include "aggregator/notify/alert_labels.h"
#include "common/json_writer.h"

namespace chorus::notify {

SendResult RedisChannel::send(const Message& message) {
    std::vector<std::string> alerts;
    for (const auto& one : message.notifications) {
        JsonWriter out;
        out.begin_object();
        store::write_alert_fields(out, one.alert);
        out.field("event", event_of(one)).end_object();
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
