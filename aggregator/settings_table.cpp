#include "aggregator/settings_table.h"

#include "common/settings/log_settings.h"

namespace chorus {
namespace {

std::vector<Setting> server_settings() {
    return {
        {.name = "listen",
         .default_value = "127.0.0.1",
         .help = "Address to listen on. Anything but loopback needs tokens and a TLS terminator.",
         .everyday = true},
        {.name = "port",
         .environment = "PORT",
         .type = SettingType::integer,
         .default_value = "8082",
         .help = "TCP port; 0 takes a free one and logs it.",
         .minimum = 0,
         .maximum = 65'535,
         .everyday = true},
        {.name = "anonymous-role",
         .help = "Rights of a request without a token: none, viewer or operator. Empty: viewer on "
                 "loopback without a proxy, unless Host is a domain name; none "
                 "elsewhere. A role that is set counts for any Host.",
         .choices = {"", "none", "viewer", "operator"},
         .everyday = true},
        {.name = "behind-tls-proxy",
         .type = SettingType::boolean,
         .default_value = "false",
         .help = "A proxy in front terminates TLS: clients are strangers even if they come from "
                 "loopback. Needed to listen elsewhere.",
         .everyday = true},
        {.name = "cors-origins",
         .environment = "CORS_ORIGINS",
         .default_value = R"(["http://localhost:3000"])",
         .help = "Origins of browsers that may call the API: a JSON list or comma-separated."},
        {.name = "web-root",
         .help = "Folder whose files are served below /ui/ in place of the dashboard in the "
                 "program; for its development."},
        {.name = "max-connections",
         .type = SettingType::integer,
         .default_value = "1000",
         .help = "Connections served at once; more are answered 503.",
         .minimum = 8,
         .maximum = 10'000},
        {.name = "secret-key",
         .environment = "SECRET_KEY",
         .help = "Accepted for compatibility; not used.",
         .secret = true},
        {.name = "debug",
         .environment = "DEBUG",
         .type = SettingType::boolean,
         .default_value = "false",
         .help = "Log at level debug."},
        log_level_setting(),
        log_format_setting(),
    };
}

std::vector<Setting> storage_settings() {
    return {
        {.name = "database-url",
         .environment = "DATABASE_URL",
         .type = SettingType::url,
         .default_value = "postgresql://postgres:password@localhost:5432/chorus_monitoring",
         .help = "PostgreSQL 15 or newer; sockets as postgresql:///NAME?host=/run/postgresql.",
         .secret = true,
         .everyday = true},
        {.name = "database-pool-size",
         .type = SettingType::integer,
         .default_value = "8",
         .help = "Connections for the API, beside those of the ingest writers.",
         .minimum = 2,
         .maximum = 100},
        {.name = "redis-url",
         .environment = "REDIS_URL",
         .type = SettingType::url,
         .default_value = "redis://localhost:6379/0",
         .help = "Cache of the latest values; unix:///path?db=0 for a socket.",
         .secret = true,
         .everyday = true},
        {.name = "ingest-writers",
         .type = SettingType::integer,
         .default_value = "2",
         .help = "Threads that write batches, each with a database connection.",
         .minimum = 1,
         .maximum = 16},
        {.name = "ingest-queue-batches",
         .type = SettingType::integer,
         .default_value = "2000",
         .help = "Batches that may wait for a writer; more are answered 503.",
         .minimum = 1,
         .maximum = 100'000},
        {.name = "retention-system-days",
         .type = SettingType::integer,
         .default_value = "30",
         .help = "Days that system metrics and events of hosts are kept; 0 keeps them for ever.",
         .minimum = 0,
         .maximum = 3'650},
        {.name = "retention-hourly-days",
         .type = SettingType::integer,
         .default_value = "1095",
         .help =
             "Days that hours of system metrics are kept, with each series' least, greatest and "
             "mean value; 0 keeps them for ever.",
         .minimum = 0,
         .maximum = 36'500},
        {.name = "retention-daily-days",
         .type = SettingType::integer,
         .default_value = "3650",
         .help = "The same for days of system metrics; 0 keeps them for ever.",
         .minimum = 0,
         .maximum = 36'500},
        {.name = "retention-process-days",
         .type = SettingType::integer,
         .default_value = "7",
         .help = "Days that process metrics are kept; 0 keeps them for ever.",
         .minimum = 0,
         .maximum = 3'650},
        {.name = "retention-alert-days",
         .type = SettingType::integer,
         .default_value = "90",
         .help = "Days that resolved alerts are kept; 0 keeps them for ever.",
         .minimum = 0,
         .maximum = 3'650},
        {.name = "seal-cpu-percent",
         .type = SettingType::integer,
         .default_value = "25",
         .help = "Share of one processor's time that packing days that are over may take; 0 packs "
                 "none.",
         .minimum = 0,
         .maximum = 100},
        {.name = "spool-age-days",
         .type = SettingType::integer,
         .default_value = "7",
         .help = "Longest time an agent may keep a batch before it sends it; counters of agents "
                 "are remembered a day longer.",
         .minimum = 1,
         .maximum = 365},
    };
}

std::vector<Setting> monitoring_settings() {
    return {
        {.name = "metrics-collection-interval",
         .environment = "METRICS_COLLECTION_INTERVAL",
         .type = SettingType::duration_seconds,
         .default_value = "30",
         .help = "Collection interval expected of agents that tell none.",
         .minimum = 1,
         .maximum = 3'600},
        {.name = "leader-lease",
         .type = SettingType::duration_seconds,
         .default_value = "15",
         .help = "Time after which another aggregator takes over the tasks of one that died.",
         .minimum = 1,
         .maximum = 300},
        {.name = "max-open-alerts",
         .type = SettingType::integer,
         .default_value = "10000",
         .help = "Alerts that may be open; above it clients can post no more of them and the "
                 "evaluator opens none, which is told by an alert.",
         .minimum = 1,
         .maximum = 1'000'000},
        {.name = "health-check-interval",
         .environment = "HEALTH_CHECK_INTERVAL",
         .type = SettingType::duration_seconds,
         .default_value = "60",
         .help = "Time between two rounds of service checks.",
         .minimum = 1,
         .maximum = 86'400},
        {.name = "alert-check-interval",
         .environment = "ALERT_CHECK_INTERVAL",
         .type = SettingType::duration_seconds,
         .default_value = "60",
         .help = "Time between two evaluations of the alert rules.",
         .minimum = 1,
         .maximum = 86'400},
        {.name = "stock-rules",
         .type = SettingType::boolean,
         .default_value = "true",
         .help = "Make the alert rules that come with the program, once per database."},
        {.name = "cpu-alert-threshold",
         .environment = "CPU_ALERT_THRESHOLD",
         .type = SettingType::number,
         .default_value = "80.0",
         .help = "Percent of CPU above which the stock rule fires.",
         .minimum = 0,
         .maximum = 100},
        {.name = "memory-alert-threshold",
         .environment = "MEMORY_ALERT_THRESHOLD",
         .type = SettingType::number,
         .default_value = "85.0",
         .help = "Percent of memory above which the stock rule fires.",
         .minimum = 0,
         .maximum = 100},
        {.name = "disk-alert-threshold",
         .environment = "DISK_ALERT_THRESHOLD",
         .type = SettingType::number,
         .default_value = "90.0",
         .help = "Percent of a disk above which the stock rule fires.",
         .minimum = 0,
         .maximum = 100},
        {.name = "response-time-alert-threshold",
         .environment = "RESPONSE_TIME_ALERT_THRESHOLD",
         .type = SettingType::integer,
         .default_value = "5000",
         .help = "Milliseconds above which a service counts as slow.",
         .minimum = 1,
         .maximum = 600'000},
        {.name = "service-endpoints",
         .environment = "SERVICE_ENDPOINTS",
         .type = SettingType::json,
         .default_value = "{}",
         .help = "Services to check, a JSON object of names and URLs (http, https, tcp) or of "
                 "objects with url, interval, timeout_seconds, expected_status, body_match, "
                 "retries.",
         .everyday = true},
        {.name = "default-services",
         .type = SettingType::boolean,
         .default_value = "false",
         .help = "Check the six services of the Chorus platform at their ports on localhost, too."},
        {.name = "health-allow-addresses",
         .help = "Addresses and networks that checks may reach although they are blocked "
                 "(link-local, cloud metadata, multicast), comma-separated."},
        {.name = "health-ca-file",
         .help = "PEM file of authorities that https checks trust beside the system's."},
    };
}

std::vector<Setting> notification_settings() {
    return {
        {.name = "notification-channels",
         .type = SettingType::json,
         .default_value = "{}",
         .help = "Who is told of alerts, a JSON object: {\"webhook:NAME\": {\"url\": ..., "
                 "\"secret_file\": ...}, \"slack:NAME\": {\"url_file\": ...}, \"email:ADDRESS\": "
                 "{}}; with \"default\": false only rules that name it use it.",
         .secret = true,
         .everyday = true},
        {.name = "alertmanager-url",
         .environment = "ALERTMANAGER_URL",
         .type = SettingType::url,
         .help = "Prometheus Alertmanager that gets every alert, e.g. http://localhost:9093."},
        {.name = "smtp-url",
         .type = SettingType::url,
         .help = "Mail server: smtp://USER@HOST:587 (STARTTLS is required) or smtps://USER@HOST.",
         .secret = true},
        {.name = "smtp-password", .help = "Password at the mail server.", .secret = true},
        {.name = "smtp-from", .help = "Address that mail comes from."},
        {.name = "smtp-hello",
         .help = "Name that the mail server is greeted with (EHLO); the default is the domain of "
                 "smtp-from, or this machine's name if only that is a full one."},
        {.name = "smtp-allow-plain",
         .type = SettingType::boolean,
         .default_value = "false",
         .help = "Hand mail over without encryption if the server offers none; never a password."},
        {.name = "external-url",
         .type = SettingType::url,
         .help = "Base URL of links in notifications. Empty: this host and port.",
         .everyday = true},
        {.name = "heartbeat-url",
         .type = SettingType::url,
         .help = "Fetched after each round of alert rules, so that a service outside notices when "
                 "the rounds end.",
         .secret = true},
        {.name = "notify-allow-addresses",
         .help = "Addresses and networks that notifications may reach although they are blocked "
                 "(link-local, cloud metadata, multicast), comma-separated."},
        {.name = "notify-ca-file",
         .help = "PEM file of authorities that receivers' certificates may come from, beside the "
                 "system's."},
    };
}

}  // namespace

const std::vector<Setting>& aggregator_settings() {
    static const std::vector<Setting> table = [] {
        std::vector<Setting> all = grouped("Server", server_settings());
        for (auto part :
             {grouped("Storage", storage_settings()), grouped("Monitoring", monitoring_settings()),
              grouped("Notifications", notification_settings())}) {
            all.insert(all.end(), part.begin(), part.end());
        }
        return all;
    }();
    return table;
}

}  // namespace chorus
