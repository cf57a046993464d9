#include "agent/settings.h"

#include <unistd.h>

#include <algorithm>
#include <sstream>
#include <utility>
#include <variant>

#include "agent/collect/host_facts.h"
#include "agent/push/endpoint.h"
#include "common/batch/batch_json.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

bool is_header_text(const std::string& token) {
    return std::all_of(token.begin(), token.end(), [](char c) { return c > ' ' && c <= '~'; });
}

void read_aggregator(const Config& config, AgentConfig& out, std::vector<std::string>& faults) {
    auto endpoint = endpoint_of(config.text("aggregator-url"), config.boolean("insecure-http"));
    if (const auto* fault = std::get_if<std::string>(&endpoint)) {
        faults.push_back(*fault);
    } else {
        out.endpoint = std::get<Endpoint>(std::move(endpoint));
        out.endpoint.ca_file = config.text("tls-ca-file");
        const std::string& file = out.endpoint.ca_file;
        if (!file.empty() && ::access(file.c_str(), R_OK) != 0) {
            faults.push_back("tls-ca-file: " + file + " cannot be read");
        }
    }
    out.token = config.text("agent-token");
    if (out.token.empty()) {
        faults.emplace_back(
            "agent-token: is missing; make one with `chorus-aggregator token create --role agent` "
            "and name its file in agent-token-file");
    } else if (!is_header_text(out.token)) {
        faults.emplace_back("agent-token: holds blanks or characters that no token has");
    }
}

void read_process_options(const Config& config, ScanOptions& out) {
    const std::string& cmdline = config.text("cmdline");
    out.cmdline = cmdline == "none"   ? CmdlineMode::none
                  : cmdline == "full" ? CmdlineMode::full
                                      : CmdlineMode::redacted;
    out.most = static_cast<std::size_t>(config.integer("process-limit"));
    out.pss_budget = std::chrono::milliseconds{config.integer("pss-budget-ms")};
    std::istringstream names(config.text("always-processes"));
    for (std::string name; std::getline(names, name, ',');) {
        if (const auto glob = trim(name); !glob.empty()) out.always.emplace_back(glob);
    }
}

void read_services(const Config& config, AgentConfig& out, std::vector<std::string>& faults) {
    out.services = parse_services(config.text("agent-service-endpoints"));
    for (const auto& fault : out.services.faults) {
        faults.push_back("agent-service-endpoints: " + fault);
    }
    out.services_ca_file = config.text("agent-service-ca-file");
    const std::string& file = out.services_ca_file;
    if (!file.empty() && ::access(file.c_str(), R_OK) != 0) {
        faults.push_back("agent-service-ca-file: " + file + " cannot be read");
    }
}

}  // namespace

AgentConfig read_settings(const Config& config, Needs needs) {
    AgentConfig out;
    std::vector<std::string> faults;
    out.interval_seconds = config.number("metrics-collection-interval");
    out.collect.interval = std::chrono::duration_cast<std::chrono::nanoseconds>(
        std::chrono::duration<double>(out.interval_seconds));
    out.collect.procfs = config.text("procfs");
    out.collect.sysfs = config.text("sysfs");
    out.collect.rootfs = config.text("rootfs");
    out.collect.extended = config.boolean("extended-metrics");
    out.collect.system_bus = config.text("rootfs") + "/run/dbus/system_bus_socket";
    out.collect.kernel_log = "/dev/kmsg";
    read_process_options(config, out.collect.processes);
    out.spool_dir = config.text("spool-dir");
    out.machine_id_file = config.text("rootfs") + "/etc/machine-id";
    out.spool_max_bytes = static_cast<std::uint64_t>(config.integer("spool-max-mb")) << 20U;
    out.queue_max_batches = static_cast<std::size_t>(config.integer("queue-max-batches"));
    out.memory_limit_bytes = static_cast<std::uint64_t>(config.integer("memory-limit-mb")) << 20U;
    out.status_port = static_cast<std::uint16_t>(config.integer("status-port"));
    out.listens = config.boolean("stream");
    out.hostname = config.text("hostname");
    if (out.hostname.empty()) out.hostname = system_hostname();
    if (!is_hostname(out.hostname)) {
        faults.push_back(
            "hostname: may hold letters, digits, `.`, `_` and `-` only, and begins with "
            "a letter, digit or `_`; set --hostname if the system's name is another");
    }
    read_services(config, out, faults);
    if (needs == Needs::aggregator) read_aggregator(config, out, faults);
    if (!faults.empty()) throw ConfigError(std::move(faults));
    return out;
}

}  // namespace chorus::agent
