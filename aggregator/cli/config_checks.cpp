#include <algorithm>
#include <iterator>

#include "aggregator/cache/redis_connection.h"
#include "aggregator/cli/commands.h"
#include "aggregator/http/cors.h"
#include "aggregator/net/tls.h"
#include "aggregator/schema/migrator.h"
#include "common/http/url.h"

namespace chorus::cli {
namespace {

void check_listen(const Config& config, std::vector<std::string>& faults) {
    if (is_loopback_host(config.text("listen"))) return;
    const std::string& role = config.text("anonymous-role");
    if (!role.empty() && role != "none") {
        faults.push_back(
            "anonymous-role: off loopback a request without a token must have no "
            "rights; set it to none or listen on 127.0.0.1");
    }
    if (!config.boolean("behind-tls-proxy")) {
        faults.push_back(
            "listen: tokens would cross the network in plain text; put a proxy that "
            "terminates TLS in front and set behind-tls-proxy, or listen on "
            "127.0.0.1");
    }
}

void check_database(const Config& config, std::vector<std::string>& faults) {
    const auto url = parse_url(config.text("database-url"));
    if (!url) return;  // told by the table
    const bool local = url->host.empty() || is_loopback_host(url->host);
    if (url->password == "password" && !local) {
        faults.push_back(
            "database-url: the well-known default password must not be used for a "
            "database on another host");
    }
    try {
        store::Database{database_options(config, 1)};
    } catch (const std::exception& e) {
        faults.push_back(std::string("database-url: ") + e.what());
    }
}

void check_services(const Config& config, std::vector<std::string>& faults) {
    try {
        for (const auto& fault : checked_services(config).faults) {
            faults.push_back("service-endpoints: " + fault);
        }
    } catch (const std::invalid_argument& e) {
        faults.push_back(std::string("health-allow-addresses: ") + e.what());
    }
    try {
        net::TlsContext{config.text("health-ca-file")};
    } catch (const std::runtime_error& e) {
        faults.emplace_back(e.what());
    }
}

}  // namespace

net::AddressRules address_rules(const Config& config) {
    return net::AddressRules{config.text("health-allow-addresses")};
}

health::ServiceConfig checked_services(const Config& config) {
    const std::chrono::seconds interval{config.integer("health-check-interval")};
    const auto rules = address_rules(config);
    auto own = health::parse_services(config.text("service-endpoints"), interval, rules);
    if (!config.boolean("default-services")) return own;
    auto all = health::parse_services(health::kDefaultServices, interval, rules);
    std::erase_if(all.services, [&](const health::Service& standard) {
        return std::any_of(own.services.begin(), own.services.end(),
                           [&](const auto& service) { return service.name == standard.name; });
    });
    std::move(own.services.begin(), own.services.end(), std::back_inserter(all.services));
    all.faults = std::move(own.faults);
    return all;
}

store::DatabaseOptions database_options(const Config& config, int sessions) {
    store::DatabaseOptions options;
    options.url = config.text("database-url");
    options.application_name += "/" + std::to_string(store::embedded_migrations().back().version);
    options.sessions = sessions;
    return options;
}

std::vector<std::string> check_config(const Config& config) {
    std::vector<std::string> faults;
    check_listen(config, faults);
    check_database(config, faults);
    try {
        cache::parse_redis_url(config.text("redis-url"));
    } catch (const std::invalid_argument& e) {
        faults.push_back(std::string("redis-url: ") + e.what());
    }
    try {
        http::parse_origins(config.text("cors-origins"));
    } catch (const std::invalid_argument& e) {
        faults.push_back(std::string("cors-origins: ") + e.what());
    }
    check_services(config, faults);
    notify_settings(config, faults);
    return faults;
}

}  // namespace chorus::cli
