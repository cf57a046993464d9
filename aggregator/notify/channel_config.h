// The channels in the settings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aggregator/net/http_exchange.h"
#include "aggregator/net/smtp.h"

namespace chorus::notify {

struct ChannelConfig {
    std::string channel;       // "webhook:ops", "slack:dev", "email:ops@example.org"
    std::string kind;          // what stands before the colon
    net::HttpTarget target{};  // not of email
    std::string secret{};      // webhook: key of the signature; may be empty
    bool is_default = true;    // gets alerts whose rule names no channels
};

struct ChannelConfigs {
    std::vector<ChannelConfig> channels;
    std::vector<std::string> faults;  // each names the channel and the remedy, without secrets
};

// Reads a JSON object of channels: {"webhook:ops": {"url": "https://...", "secret_file":
// "/etc/..."}, "slack:dev": {"url_file": "/etc/..."}, "email:ops@example.org": {"default": false}}.
// If the URL itself is a secret, "url_file" takes the place of "url". At most 32.
ChannelConfigs read_channel_configs(const std::string& json);

// Reads smtp://[user[:password]@]host[:587] or smtps://...:465. `password` overrides the one in the
// URL. Throws std::invalid_argument, whose message does not have the URL in it.
net::SmtpServer parse_smtp_url(std::string_view url, const std::string& password,
                               const std::string& from, bool allow_plain);

}  // namespace chorus::notify
