// The channels of this program.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/cache/redis_connection.h"
#include "aggregator/net/stream.h"
#include "aggregator/notify/channel.h"
#include "aggregator/notify/channel_config.h"
#include "common/clock.h"

namespace chorus::notify {

struct NotifySettings {
    std::vector<ChannelConfig> channels;
    std::optional<net::SmtpServer> smtp;          // none: no mail
    std::optional<net::HttpTarget> alertmanager;  // none: no channel of that name
    cache::RedisTarget redis;
    std::string external_url;                  // base URL of the dashboard
    std::optional<net::HttpTarget> heartbeat;  // none: no heartbeat is sent
    std::string allowed_addresses;             // see net::AddressRules
    std::string ca_file;
};

// Thread-safe but for what open() returns.
class Channels {
  public:
    // Throws std::invalid_argument or std::runtime_error if the settings cannot be used.
    Channels(NotifySettings settings, const Clock& clock);

    // Whether a rule may name this channel. It may name a configured channel, any address if there
    // is a mail server, "redis", "alertmanager" if configured, and "webhook", "slack" or "email"
    // for all of a kind.
    bool knows(std::string_view channel) const;

    // The channels of the settings, for the database.
    std::vector<store::AnnouncedChannel> announced() const;

    // What each worker serves. Each channel has a worker; all mail has one together.
    std::vector<store::ChannelChoice> choices() const;

    // Opens a channel. null if there is none of that name. The result must not outlive this object.
    std::unique_ptr<Channel> open(std::string_view channel) const;

    // Sends the heartbeat that this program works. Does nothing if none is configured.
    SendResult send_heartbeat() const;

  private:
    const NotifySettings settings_;
    const Clock& clock_;
    const net::AddressRules rules_;
    const net::TlsContext tls_;
    const net::Network network_{rules_, tls_};
};

}  // namespace chorus::notify
