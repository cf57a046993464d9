// chorus-agent status: does this host's data arrive, and if not, what to do.
#include <filesystem>
#include <iostream>
#include <system_error>

#include "agent/commands.h"
#include "agent/push/ingest_client.h"
#include "agent/spool/spool.h"
#include "common/clock.h"
#include "common/compress.h"
#include "common/timestamp.h"

namespace chorus::agent {
namespace {

constexpr std::chrono::milliseconds kLimit{5'000};

// One line; answers whether all is well.
bool line(bool good, const std::string& what, const std::string& text) {
    std::cout << (good ? "ok   " : "BAD  ") << what << std::string(14 - what.size(), ' ') << text
              << '\n';
    return good;
}

std::string place_of(const Endpoint& endpoint) {
    return (endpoint.tls ? "https://" : "http://") + endpoint.host + ':' +
           std::to_string(endpoint.port) + endpoint.base_path;
}

// An empty batch is refused for its content, but only after the token was accepted.
bool show_aggregator(const AgentConfig& settings) {
    IngestClient client{settings.endpoint, settings.token, kLimit};
    const auto result = client.post(zstd_compress("{}"));
    const std::string place = place_of(settings.endpoint);
    if (const auto* none = std::get_if<NoAnswer>(&result)) {
        return line(false, "aggregator",
                    place + " gives no answer: " + none->reason +
                        "; is it running, and does a firewall let this host through?");
    }
    const int status = std::get<Answer>(result).status;
    if (status != 401 && status != 403 && status != 404 && status != 429 && status < 500) {
        line(true, "aggregator", place + " answers");
        return line(true, "token", "accepted");
    }
    if (status >= 500) {
        return line(false, "aggregator",
                    place + " answers " + std::to_string(status) +
                        ": it is there but cannot store; on its host: `chorus-aggregator status`");
    }
    if (status == 404) {
        return line(false, "aggregator",
                    place + " answers, but is no aggregator; see aggregator-url");
    }
    line(true, "aggregator", place + " answers");
    if (status == 429) {
        return line(false, "token",
                    "not accepted: too many tokens that are not good came from this address; see "
                    "in a minute whether this one is refused, too");
    }
    return line(false, "token",
                "refused; it was revoked or belongs to another agent: get a new one with "
                "`chorus-agent enroll URL TOKEN`");
}

bool show_spool(const AgentConfig& settings) {
    const std::string directory = settings.spool_dir + "/spool";
    std::error_code error;
    const std::filesystem::directory_iterator readable(directory, error);
    if (error == std::errc::no_such_file_or_directory) {
        return line(true, "waiting", "nothing on disk: the agent has not had to keep anything");
    }
    if (error) {
        return line(true, "waiting", directory + " is not for this user; root is told");
    }
    DiskCalls disk;
    std::uint64_t count = 0;
    std::uint32_t oldest = 0;
    Spool::peek(directory, disk, [&](const SpooledBatch& batch) {
        if (count++ == 0 || batch.time < oldest) oldest = batch.time;
    });
    if (count == 0) return line(true, "waiting", "no batches");
    return line(false, "waiting",
                std::to_string(count) + " batches, the oldest of " +
                    format_timestamp(Timestamp{std::chrono::seconds{oldest}}) +
                    "; they are sent once the aggregator takes them");
}

}  // namespace

ExitCode run_status(const Config& config) {
    line(true, "program", "chorus-agent " CHORUS_VERSION);
    AgentConfig settings;
    try {
        settings = read_settings(config, Needs::aggregator);
    } catch (const ConfigError& e) {
        for (const std::string& fault : e.faults()) line(false, "configuration", fault);
        line(false, "", "`chorus-agent enroll URL TOKEN`, as root, sets up both URL and token");
        return ExitCode::config;
    }
    bool good = line(true, "configuration", "good, this host is " + settings.hostname);
    good = show_aggregator(settings) && good;
    good = show_spool(settings) && good;
    std::cout << "`systemctl status chorus-agent` shows whether it runs and how many batches were "
                 "stored.\n";
    return good ? ExitCode::ok : ExitCode::unavailable;
}

}  // namespace chorus::agent
