#include "aggregator/notify/channel_config.h"

#include <algorithm>
#include <stdexcept>

#include "common/http/url.h"
#include "common/json/json_reader.h"
#include "common/settings/config_sources.h"

namespace chorus::notify {
namespace {

constexpr std::size_t kMostChannels = 32;
constexpr std::size_t kLongestName = 64;

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= kLongestName &&
           std::all_of(name.begin(), name.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_' || c == '.';
           });
}

// Reads one channel's object; throws std::invalid_argument with what is wrong.
class ChannelReader {
  public:
    ChannelReader(std::string_view channel, JsonValue value) {
        config_.channel = channel;
        config_.kind = channel.substr(0, channel.find(':'));
        const auto name = channel.substr(std::min(channel.size(), config_.kind.size() + 1));
        if (config_.kind == "email"
                ? !net::is_mail_address(name)
                : !is_name(name) || (config_.kind != "webhook" && config_.kind != "slack")) {
            throw std::invalid_argument("a channel is webhook:NAME, slack:NAME or email:ADDRESS");
        }
        if (value.get(object_) != simdjson::SUCCESS) {
            throw std::invalid_argument("must be an object such as {\"url\": \"https://...\"}");
        }
    }

    ChannelConfig read() {
        for (const auto field : object_) take(field.key, field.value);
        if (config_.kind != "email") {
            if (url_.empty()) throw std::invalid_argument("needs url or url_file");
            config_.target = net::parse_http_target(url_);
        }
        return std::move(config_);
    }

  private:
    void take(std::string_view key, JsonValue value) {
        const bool web = config_.kind != "email";
        if (key == "default") {
            if (value.get(config_.is_default) != simdjson::SUCCESS) {
                throw std::invalid_argument("default must be true or false");
            }
        } else if (web && key == "url") {
            url_ = text(key, value);
        } else if (web && key == "url_file") {
            url_ = secret(text(key, value));
        } else if (config_.kind == "webhook" && key == "secret_file") {
            config_.secret = secret(text(key, value));
        } else {
            throw std::invalid_argument("does not know " + std::string(key));
        }
    }
    static std::string text(std::string_view key, JsonValue value) {
        std::string_view text;
        if (value.get(text) != simdjson::SUCCESS || text.empty()) {
            throw std::invalid_argument(std::string(key) + " must be a text");
        }
        return std::string(text);
    }
    static std::string secret(const std::string& path) {
        SecretFile file = read_secret_file(path);
        if (file.fault) throw std::invalid_argument(*file.fault);
        return std::move(file.value);
    }

    ChannelConfig config_;
    simdjson::dom::object object_;
    std::string url_;
};

}  // namespace

ChannelConfigs read_channel_configs(const std::string& json) {
    ChannelConfigs all;
    JsonReader reader;
    simdjson::dom::object object;
    try {
        if (reader.parse(json).get(object) != simdjson::SUCCESS) {
            all.faults.emplace_back("must be a JSON object of channels");
            return all;
        }
    } catch (const JsonError& e) {
        all.faults.emplace_back(e.what());
        return all;
    }
    for (const auto field : object) {
        try {
            all.channels.push_back(ChannelReader(field.key, field.value).read());
        } catch (const std::invalid_argument& e) {
            all.faults.push_back(std::string(field.key) + ": " + e.what());
        }
    }
    if (all.channels.size() > kMostChannels) {
        all.faults.push_back("at most " + std::to_string(kMostChannels) + " channels");
    }
    return all;
}

net::SmtpServer parse_smtp_url(std::string_view text, const std::string& password,
                               const std::string& from, bool allow_plain) {
    const auto url = parse_url(text);
    if (!url || (url->scheme != "smtp" && url->scheme != "smtps") || url->host.empty()) {
        throw std::invalid_argument("must be a URL like smtp://user@host:587 or smtps://host");
    }
    net::SmtpServer server;
    server.tls_from_start = url->scheme == "smtps";
    server.host = url->host;
    server.port = url->port.value_or(server.tls_from_start ? 465 : 587);
    server.user = url->user;
    server.password = password.empty() ? url->password : password;
    server.from = from;
    server.allow_plain = allow_plain;
    return server;
}

}  // namespace chorus::notify
