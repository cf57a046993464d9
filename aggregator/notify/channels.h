// The channels that this program has.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/cache/redis_connection.h"
#include "aggregator/notify/channel_config.h"
#include "common/clock.h"

namespace chorus::notify {

struct NotifySettings {
    std::vector<ChannelConfig> channels;
    std::optional<SmtpServer> smtp;          // none: no mail
    std::optional<HttpTarget> alertmanager;  // none: no channel of that name
    cache::RedisTarget redis;
    std::string external_url;             // base URL of the dashboard
    std::optional<HttpTarget> heartbeat;  // none: nobody is told that rules are evaluated
    std::string allowed_addresses;        // see health::AddressRules
    std::string ca_file;
};

// Thread-safe but for what open() returns.
class Channels {
  public:
    // Throws std::invalid_argument, std::runtime_error for settings that cannot be used.
    Channels(NotifySettings settings, const Clock& clock);

    // Whether a rule may name it: a configured channel, any address if there is a mail server,
    // "redis", "alertmanager" if configured, and "webhook", "slack" and "email" for all of a kind.
    bool knows(std::string_view channel) const;

    // Those of the settings, for the database.
    std::vector<store::AnnouncedChannel> announced() const;

    // What one worker serves: each channel has one, and all mail together.
    std::vector<store::ChannelChoice> choices() const;

    // The way to a channel; null if there is none of that name. Must not outlive this object.
    std::unique_ptr<Channel> open(std::string_view channel) const;

    // Tells the dead man's switch that this program is at work. Nothing to do without one.
    SendResult send_heartbeat() const;

  private:
    const NotifySettings settings_;
    const Clock& clock_;
    const health::AddressRules rules_;
    const health::TlsContext tls_;
    const Network network_{rules_, tls_};
};

}  // namespace chorus::notify
