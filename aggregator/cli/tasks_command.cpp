// chorus-aggregator tasks: the background tasks without the API; `tasks single`: one collection of
// this machine, stored and printed; `tasks single alerts`: one check of services and rules.
#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <optional>

#include "aggregator/alert_store/alert_json.h"
#include "aggregator/cache/overview.h"
#include "aggregator/cli/commands.h"
#include "aggregator/cli/runtime.h"
#include "aggregator/schema/lease.h"
#include "common/batch/batch_json.h"
#include "common/compress.h"
#include "common/json/json_reader.h"
#include "common/log.h"
#include "common/settings/command_table.h"
#include "common/settings/exit_codes.h"
#include "common/text.h"

extern char** environ;  // NOLINT(readability-redundant-declaration): POSIX wants it declared

namespace chorus::cli {
namespace {

constexpr Logger kTasksCommandLog{"tasks"};
constexpr std::size_t kLargestBatch = limits::kInflatedBytes;

// chorus-agent beside this program, else in PATH: it knows how to read /proc, we do not.
std::optional<std::string> find_agent() {
    namespace fs = std::filesystem;
    const fs::path beside = fs::read_symlink("/proc/self/exe").parent_path() / "chorus-agent";
    if (access(beside.c_str(), X_OK) == 0) return beside.string();
    // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
    const char* path = std::getenv("PATH");
    for (const auto dir : split(path != nullptr ? path : "", ':')) {
        const fs::path candidate = fs::path(dir) / "chorus-agent";
        if (!dir.empty() && access(candidate.c_str(), X_OK) == 0) return candidate.string();
    }
    return std::nullopt;
}

// Standard output of `chorus-agent --test`; nullopt if it fails.
std::optional<std::string> run_agent(const std::string& agent) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    std::string name = agent, flag = "--test";
    std::array<char*, 3> arguments{name.data(), flag.data(), nullptr};
    pid_t pid = -1;
    const int error =
        posix_spawn(&pid, agent.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    std::string output;
    std::array<char, 65'536> buffer{};
    for (ssize_t n = 1; error == 0 && n > 0 && output.size() < kLargestBatch;) {
        n = read(ends[0], buffer.data(), buffer.size());
        if (n > 0) output.append(buffer.data(), static_cast<std::size_t>(n));
        if (n < 0 && errno == EINTR) n = 1;
    }
    close(ends[0]);
    int status = -1;
    if (error != 0 || waitpid(pid, &status, 0) != pid || status != 0) return std::nullopt;
    return output;
}

int fail(ExitCode code, const char* message) {
    std::fprintf(stderr, "chorus-aggregator: %s\n", message);
    return to_int(code);
}

int single(const Config& config) {
    const auto agent = find_agent();
    if (!agent) {
        return fail(ExitCode::unavailable,
                    "chorus-agent was not found beside this program or in PATH");
    }
    const auto text = run_agent(*agent);
    if (!text) return fail(ExitCode::unavailable, "chorus-agent --test failed");
    JsonReader reader;
    FieldErrors errors;
    Batch batch = read_batch(reader.parse(*text), errors);
    if (!errors.empty()) {
        return fail(ExitCode::internal,
                    "chorus-agent printed a batch that is not valid; are both "
                    "programs of the same version?");
    }
    const cache::SystemOverview overview = cache::make_overview(batch);
    Runtime runtime{config};
    runtime.upkeep.prepare();
    runtime.cache_writer.start();
    runtime.ingest.start();
    const auto outcome = runtime.ingest.submit(std::move(batch), {});
    runtime.ingest.stop();
    runtime.cache_writer.stop();
    if (outcome.result == ingest::IngestResult::host_conflict) {
        return fail(ExitCode::unavailable, "an agent reports for this host already");
    }
    if (outcome.result != ingest::IngestResult::stored) {
        return fail(ExitCode::unavailable, "the batch could not be stored");
    }
    kTasksCommandLog.info("Metrics collection completed",
                          {{"hostname", overview.hostname},
                           {"system_metrics", outcome.system_metrics},
                           {"process_metrics", outcome.process_metrics}});
    JsonWriter out;
    out.begin_object()
        .field("system_metrics", outcome.system_metrics)
        .field("process_metrics", outcome.process_metrics)
        .key("overview");
    cache::write_overview(out, overview);
    out.end_object();
    std::puts(out.text().c_str());
    return to_int(ExitCode::ok);
}

// One check of services and rules, and what it has opened.
int single_alerts(const Config& config) {
    Runtime runtime{config};
    runtime.prepare();
    runtime.leader.renew();  // leads if nobody does
    tasks::CheckResult result;
    try {
        result = runtime.alert_check.run();
    } catch (const store::LeadershipLost&) {
        return fail(ExitCode::unavailable, "leadership is changing hands; try again");
    }
    runtime.leader.stop();
    JsonWriter out;
    out.begin_object()
        .field("system_alerts", result.rules.created.size())
        .field("health_checks", result.services.checked)
        .key("alerts")
        .begin_array();
    const auto session = runtime.maintenance.acquire();
    for (const auto& created : result.rules.created) {
        if (const auto alert = store::read_alert(*session, created.id)) {
            store::write_alert(out, *alert);
        }
    }
    out.end_array().end_object();
    std::puts(out.text().c_str());
    return to_int(ExitCode::ok);
}

int loop(const Config& config) {
    const sigset_t signals = block_signals();
    Runtime runtime{config};
    runtime.start_tasks();
    while (wait_for_signal(signals) == SIGHUP) {
    }
    runtime.stop_tasks();
    return requested_exit_code();
}

}  // namespace

int tasks(const Config& config, const Arguments& what) {
    if (what.empty()) return loop(config);
    if (what[0] != "single" || (what.size() == 2 && what[1] != "alerts")) {
        throw UsageError("tasks " + joined(what, " ") + " is unknown" +
                         did_you_mean(what.back(), {what.size() == 2 ? "alerts" : "single"},
                                      "there are tasks, tasks single and tasks single alerts"));
    }
    try {
        return what.size() == 2 ? single_alerts(config) : single(config);
    } catch (const store::DatabaseUnavailable& e) {
        // The log has told what happened.
        return fail(ExitCode::unavailable, ("nothing was done; " + database_remedy(e)).c_str());
    }
}

}  // namespace chorus::cli
