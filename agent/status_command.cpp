// chorus-agent status: does this host's data arrive, and if not, what to do.
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "agent/collect/process_counts.h"
#include "agent/commands.h"
#include "agent/procfs/loadavg.h"
#include "agent/procfs/overlaid_files.h"
#include "agent/procfs/pid/pid_stat.h"
#include "agent/procfs/support/reader.h"
#include "agent/procfs/support/text_scan.h"
#include "agent/push/answer.h"
#include "agent/push/delivery_note.h"
#include "agent/push/ingest_client.h"
#include "agent/spool/spool.h"
#include "common/clock.h"
#include "common/compress.h"
#include "common/timestamp.h"

namespace chorus::agent {
namespace {

constexpr std::chrono::milliseconds kStatusTimeout{5'000};

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

// As rules do, a clock is taken to be wrong from five minutes on.
bool show_clock(const Answer& answer) {
    constexpr std::chrono::minutes tolerated{5};
    const auto there = date_of(answer);
    if (!there) return true;  // a proxy's answer
    const auto behind = *there - SystemClock{}.now();
    const auto seconds = std::abs(std::chrono::duration_cast<std::chrono::seconds>(behind).count());
    if (std::chrono::seconds{seconds} <= tolerated) {
        return line(true, "clock", "agrees with the aggregator's");
    }
    return line(false, "clock",
                std::to_string(seconds) + " seconds " +
                    (behind.count() > 0 ? "behind" : "ahead of") +
                    " the aggregator's; set it, as with `timedatectl set-ntp true`");
}

bool show_note(const AgentConfig& settings) {
    const auto note = read_delivery_note(delivery_note_path(settings.spool_dir));
    return !note || line(false, "delivery", *note);
}

void show_last_stored(const AgentConfig& settings) {
    const auto stored = read_last_stored(delivery_note_path(settings.spool_dir));
    if (!stored) return;  // never, or by an older agent, or its files are not for this user
    const std::chrono::duration<double> age = SystemClock{}.now() - *stored;
    const bool fresh = age <= 2 * kStoredNotedEvery || age.count() <= 3 * settings.interval_seconds;
    line(true, "stored",
         "a batch at " + format_timestamp(*stored) + (fresh ? "" : "; does the agent run?"));
}

// An empty batch is refused for its content, but only after the token was accepted.
bool show_aggregator(const AgentConfig& settings) {
    IngestClient client{settings.endpoint, settings.token, kStatusTimeout};
    const auto result = client.post(zstd_compress("{}"));
    const std::string place = place_of(settings.endpoint);
    if (const auto* none = std::get_if<NoAnswer>(&result)) {
        return line(false, "aggregator",
                    place + " gives no answer: " + none->reason +
                        "; is it running, and does a firewall let this host through?");
    }
    const auto& answer = std::get<Answer>(result);
    const int status = answer.status;
    if (status >= 500) {
        return line(false, "aggregator",
                    place + " answers " + std::to_string(status) +
                        ": it is there but cannot store; on its host: `chorus-aggregator status`");
    }
    if (status == 404) return line(false, "aggregator", place + ": " + why_forbidden(answer));
    line(true, "aggregator", place + " answers");
    if (status == 429) {
        return line(false, "token",
                    "not accepted: too many tokens that are not good came from this address; see "
                    "in a minute whether this one is refused, too");
    }
    if (status != 401 && status != 403) {
        line(true, "token", "accepted");
        return show_clock(answer);
    }
    return line(false, "token", "refused: " + why_forbidden(answer));
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

// Whether systemd runs here and knows the agent.
bool has_unit() {
    if (::access("/run/systemd/system", F_OK) != 0) return false;
    return std::ranges::any_of(
        std::array{"/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system"},
        [](const std::string& directory) {
            return ::access((directory + "/chorus-agent.service").c_str(), F_OK) == 0;
        });
}

// As this user sees them, who may be another than the agent's.
void show_processes(const AgentConfig& settings) {
    const SystemBootClock clock;
    Reader proc(settings.collect.procfs, clock);
    std::int64_t seen = 0;
    for (const std::string& name : proc.list_directories(".")) {
        if (!parse_number<std::int32_t>(name)) continue;
        const auto file = proc.read(name + "/stat");
        const auto stat = file ? parse_pid_stat(file.text) : std::nullopt;
        if (stat) seen += stat->num_threads;
    }
    const auto load = proc.read("loadavg");
    const auto all = load ? parse_loadavg(load.text).threads : std::nullopt;
    if (!all || OverlaidFiles(proc).contains("loadavg") || !processes_are_hidden(seen, *all)) {
        line(true, "processes", "this user sees them");
        return;
    }
    line(false, "processes",
         "this user sees " + std::to_string(seen) + " of " + std::to_string(*all) +
             " threads; let the agent see /proc without hidepid=, or give it the PIDs of "
             "the host: until then the host's processes are not counted");
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
    show_processes(settings);  // what is not hidden arrives all the same
    good = show_aggregator(settings) && good;
    good = show_note(settings) && good;
    good = show_spool(settings) && good;
    show_last_stored(settings);
    if (has_unit()) {
        std::cout << "`systemctl status chorus-agent` shows whether it runs and how many batches "
                     "were stored.\n";
    }
    return good ? ExitCode::ok : ExitCode::unavailable;
}

}  // namespace chorus::agent
