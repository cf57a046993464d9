// The settings of notifications, put together and checked.
#include <stdexcept>

#include "aggregator/cli/commands.h"
#include "aggregator/net/address_rules.h"
#include "common/http/url.h"

namespace chorus::cli {
namespace {

// Reads one setting; a fault names it.
template <typename Read>
void read_setting(const Config& config, const char* name, std::vector<std::string>& faults,
                  Read&& read) {
    if (config.text(name).empty()) return;
    try {
        read(config.text(name));
    } catch (const std::exception& e) {
        faults.push_back(std::string(name) + ": " + e.what());
    }
}

std::string default_external_url(const Config& config) {
    const std::string& listen = config.text("listen");
    const std::string host = is_loopback_host(listen) ? "localhost" : own_hostname();
    return "http://" + host + ":" + std::to_string(config.integer("port"));
}

}  // namespace

notify::NotifySettings notify_settings(const Config& config, std::vector<std::string>& faults) {
    notify::NotifySettings settings;
    read_setting(config, "notification-channels", faults, [&](const std::string& text) {
        auto read = notify::read_channel_configs(text);
        settings.channels = std::move(read.channels);
        for (const auto& fault : read.faults) {
            faults.push_back("notification-channels: " + fault);
        }
    });
    read_setting(config, "alertmanager-url", faults, [&](const std::string& text) {
        settings.alertmanager = net::parse_http_target(text);
    });
    read_setting(config, "heartbeat-url", faults, [&](const std::string& text) {
        settings.heartbeat = net::parse_http_target(text);
    });
    read_setting(config, "smtp-url", faults, [&](const std::string& text) {
        const std::string& from = config.text("smtp-from");
        if (!net::is_mail_address(from)) {
            throw std::invalid_argument("needs smtp-from, the address that mail comes from");
        }
        settings.smtp = notify::parse_smtp_url(text, config.text("smtp-password"), from,
                                               config.boolean("smtp-allow-plain"));
    });
    read_setting(config, "smtp-hello", faults, [&](const std::string& text) {
        const bool literal = text.starts_with('[') && text.ends_with(']') &&
                             text.find_first_of(" \r\n") == std::string::npos;
        if (!is_host_name(text) && !literal) {
            throw std::invalid_argument(
                "must be a host name such as monitor.example.org, or an address such as "
                "[192.0.2.7]");
        }
        if (settings.smtp) settings.smtp->hello = text;
    });
    read_setting(config, "notify-allow-addresses", faults,
                 [&](const std::string& text) { net::AddressRules{text}; });
    settings.allowed_addresses = config.text("notify-allow-addresses");
    settings.ca_file = config.text("notify-ca-file");
    settings.external_url = config.text("external-url").empty() ? default_external_url(config)
                                                                : config.text("external-url");
    while (settings.external_url.ends_with('/')) settings.external_url.pop_back();
    try {
        settings.redis = cache::parse_redis_url(config.text("redis-url"));
    } catch (const std::invalid_argument&) {
        // Told by the check of that setting.
    }
    return settings;
}

}  // namespace chorus::cli
