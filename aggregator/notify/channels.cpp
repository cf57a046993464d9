#include "aggregator/notify/channels.h"

#include <algorithm>

#include "aggregator/notify/email_channel.h"
#include "aggregator/notify/http_channels.h"
#include "aggregator/notify/redis_channel.h"

namespace chorus::notify {

Channels::Channels(NotifySettings settings, const Clock& clock)
    : settings_(std::move(settings)),
      clock_(clock),
      rules_(settings_.allowed_addresses),
      tls_(settings_.ca_file) {}

bool Channels::knows(std::string_view channel) const {
    for (const char* kind : {"webhook", "slack", "email", "redis"}) {
        if (channel == kind) return true;
    }
    if (channel == "alertmanager") return settings_.alertmanager.has_value();
    if (channel.starts_with("email:")) {
        return settings_.smtp && net::is_mail_address(channel.substr(6));
    }
    return std::any_of(settings_.channels.begin(), settings_.channels.end(),
                       [&](const ChannelConfig& c) { return c.channel == channel; });
}

std::vector<store::AnnouncedChannel> Channels::announced() const {
    std::vector<store::AnnouncedChannel> all{{"redis", false}};
    if (settings_.alertmanager) all.push_back({"alertmanager", true});
    for (const auto& config : settings_.channels) {
        if (config.kind == "email" && !settings_.smtp) continue;
        all.push_back({config.channel, config.is_default});
    }
    return all;
}

std::vector<store::ChannelChoice> Channels::choices() const {
    std::vector<store::ChannelChoice> all{{.channels = {"redis"}}};
    if (settings_.alertmanager) all.push_back({.channels = {"alertmanager"}});
    if (settings_.smtp) all.push_back({.kinds = {"email"}});
    for (const auto& config : settings_.channels) {
        if (config.kind != "email") all.push_back({.channels = {config.channel}});
    }
    return all;
}

std::unique_ptr<Channel> Channels::open(std::string_view channel) const {
    const Links links{settings_.external_url};
    if (channel == "redis") return std::make_unique<RedisChannel>(settings_.redis);
    if (!knows(channel)) return nullptr;
    if (channel == "alertmanager") {
        return std::make_unique<AlertmanagerChannel>(network_, *settings_.alertmanager, links,
                                                     clock_);
    }
    if (channel.starts_with("email:")) {
        return std::make_unique<EmailChannel>(network_, *settings_.smtp, links, clock_);
    }
    for (const auto& config : settings_.channels) {
        if (config.channel != channel) continue;
        if (config.kind == "slack") {
            return std::make_unique<SlackChannel>(network_, config.target, links);
        }
        return std::make_unique<WebhookChannel>(network_, config.target, config.secret, links);
    }
    return nullptr;
}

SendResult Channels::send_heartbeat() const {
    if (!settings_.heartbeat) return {};
    net::HttpRequest request;
    request.method = "GET";
    return http_send(network_, *settings_.heartbeat, request);
}

}  // namespace chorus::notify
