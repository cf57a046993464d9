#include "aggregator/quickstart/quickstart.h"

#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <functional>
#include <memory>

#include "aggregator/quickstart/servers.h"
#include "common/settings/exit_codes.h"

namespace chorus {
namespace {

using namespace quickstart;
using std::chrono::milliseconds;
using std::chrono::seconds;
using Clock = std::chrono::steady_clock;

constexpr const char* kHelp =
    "usage: chorus-aggregator quickstart [--data-dir DIR] [--port N] [--listen ADDRESS] "
    "[--no-agent]\n"
    "\n"
    "Runs a private PostgreSQL and Redis (Unix sockets only, no password), the aggregator and an\n"
    "agent for this machine until Ctrl-C. The data stays in DIR for the next start.\n"
    "\n"
    "  --data-dir DIR     default: /var/lib/chorus-quickstart as root,\n"
    "                     else $XDG_DATA_HOME/chorus or ~/.local/share/chorus\n"
    "  --port N           default 8082\n"
    "  --listen ADDRESS   default 127.0.0.1\n"
    "  --no-agent         do not watch this machine\n"
    "\n"
    "Settings of both programs come from the environment and from DIR/aggregator.conf.d/*.conf "
    "and\n"
    "DIR/agent.conf.d/*.conf, but for where they listen and what they connect to.\n";

sigset_t handled_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int s : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, s);
    return set;
}

// The signal that came within the time, or 0.
int wait_for_signal(milliseconds time) {
    const sigset_t set = handled_signals();
    timespec limit{};
    limit.tv_sec = static_cast<std::time_t>(time.count() / 1'000);
    limit.tv_nsec = static_cast<long>(time.count() % 1'000) * 1'000'000;
    const int signal = sigtimedwait(&set, nullptr, &limit);
    return signal > 0 ? signal : 0;
}

class Stopped {};

// Starts, watches and stops the programs in their order.
class Supervisor {
  public:
    Supervisor(DataDirectory directory, QuickstartOptions options)
        : directory_(std::move(directory)), options_(std::move(options)) {}

    void start() {
        prepare_postgres(directory_);
        launch(postgres_command(directory_), SIGINT, [&] { return postgres_ready(directory_); });
        create_database(directory_);
        launch(redis_command(directory_), SIGTERM, [&] { return redis_ready(directory_); });
        write_configs(directory_, options_);
        launch(aggregator_command(directory_, options_), SIGTERM,
               [&] { return aggregator_ready(options_); });
        if (!options_.agent) return;
        if (directory_.agent.empty()) {
            std::puts(
                "  agent        not found beside chorus-aggregator; this host is not watched");
            return;
        }
        create_agent_token(directory_);
        launch(agent_command(directory_), SIGTERM, {});
    }

    // Restarts what ends by itself, until a signal comes.
    void watch() {
        while (wait_for_signal(milliseconds{500}) == 0) {
            for (auto& slot : slots_) revive(slot);
        }
    }

    void stop() {
        for (auto slot = slots_.rbegin(); slot != slots_.rend(); ++slot) {
            if (!slot->child) continue;
            std::printf("Stopping %s\n", slot->command.name.c_str());
            std::fflush(stdout);
            slot->child->stop(slot->stop_signal, seconds{20});
        }
    }

  private:
    struct Slot {
        Command command;
        int stop_signal;
        std::unique_ptr<Child> child;
        Clock::time_point started;
        Clock::time_point not_before{};
        milliseconds back_off{0};
    };

    // An empty `ready`: there is nothing to wait for.
    void launch(Command command, int stop_signal, const std::function<bool()>& ready) {
        const bool terminal = isatty(STDOUT_FILENO) == 1;
        if (terminal) std::printf("  %-12s starting", command.name.c_str());
        std::fflush(stdout);
        const auto from = Clock::now();
        slots_.push_back({command, stop_signal, std::make_unique<Child>(command), from, {}, {}});
        Child& child = *slots_.back().child;
        for (;;) {
            if (child.ended()) fail(child, "ended at once");
            if (!ready || (ready() && !child.ended())) break;
            if (Clock::now() - from > seconds{60}) fail(child, "was not ready within 60 s");
            if (wait_for_signal(milliseconds{50}) != 0) throw Stopped{};
        }
        const double took = std::chrono::duration<double>(Clock::now() - from).count();
        std::printf("%s  %-12s ", terminal ? "\r" : "", command.name.c_str());
        if (ready) std::printf("ready in %.1f s\n", took);
        if (!ready) std::puts("started");
        std::fflush(stdout);
    }

    [[noreturn]] static void fail(const Child& child, const std::string& what) {
        throw Problem("\n" + child.name() + " " + what + "; the end of " +
                          child.command().log_file + ":\n" + child.last_words(),
                      to_int(ExitCode::unavailable));
    }

    void revive(Slot& slot) {
        if (slot.child) {
            const auto code = slot.child->ended();
            if (!code) return;
            std::printf("%s ended with code %d; starting it again. The end of %s:\n%s\n",
                        slot.command.name.c_str(), *code, slot.command.log_file.c_str(),
                        slot.child->last_words(600).c_str());
            std::fflush(stdout);
            slot.child.reset();
            const bool lived = Clock::now() - slot.started > seconds{60};
            slot.back_off =
                lived ? milliseconds{500}
                      : std::min(slot.back_off * 2 + milliseconds{500}, milliseconds{30'000});
            slot.not_before = Clock::now() + slot.back_off;
        }
        if (Clock::now() < slot.not_before) return;
        slot.child = std::make_unique<Child>(slot.command);
        slot.started = Clock::now();
    }

    const DataDirectory directory_;
    const QuickstartOptions options_;
    std::vector<Slot> slots_;
};

// A path as one word of a shell's command line.
std::string quoted(const std::string& path) {
    if (path.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                               "/._-+:@%") == std::string::npos) {
        return path;
    }
    std::string out = "'";
    for (const char c : path) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return out + '\'';
}

void print_welcome(const DataDirectory& directory, const QuickstartOptions& options) {
    const std::string url = url_of(options), link = sign_in_link(directory, options);
    const std::string program = quoted(directory.aggregator);
    const std::string config = quoted(directory.config_file), port = std::to_string(options.port);
    std::printf("\nChorus Process Monitor is running: %s\n", url.c_str());
    if (link != url) {
        std::printf(
            "\n"
            "Sign in as administrator with this link. It is good once, until tomorrow:\n"
            "  %s\n"
            "For another link:\n"
            "  %s sign-in-link --config %s\n",
            link.c_str(), program.c_str(), config.c_str());
    }
    std::printf(
        "\n"
        "  hosts      curl -s %s/api/v1/hosts\n"
        "  SQL        psql -h %s -U chorus chorus\n"
        "  Redis      redis-cli -s %s\n"
        "  logs       %s\n"
        "  state      %s status --config %s\n",
        url.c_str(), quoted(directory.run).c_str(), quoted(directory.socket()).c_str(),
        directory.logs.c_str(), program.c_str(), config.c_str());
    if (options.agent && !directory.agent.empty()) {
        std::printf("  agent      %s status --config %s\n", quoted(directory.agent).c_str(),
                    quoted(directory.agent_config).c_str());
    }
    std::printf(
        "\n"
        "To watch another machine, make a token for it, which is good once and for a day:\n"
        "  %s token create --role enrol --name HOST --config %s\n"
        "Nobody reaches this port from outside, so let it in through a tunnel, install "
        "chorus-agent\n"
        "there (packaging/build-packages deb makes its package), and enrol it:\n"
        "  ssh -N -R %s:127.0.0.1:%s HOST\n"
        "  chorus-agent enroll http://127.0.0.1:%s TOKEN\n"
        "\n"
        "Ctrl-C stops everything; the data stays in %s\n",
        program.c_str(), config.c_str(), port.c_str(), port.c_str(), port.c_str(),
        directory.data.c_str());
    std::fflush(stdout);
}

}  // namespace

int run_quickstart(const QuickstartOptions& options) {
    if (options.help) return std::fputs(kHelp, stdout), to_int(ExitCode::ok);
    if (!options.fault.empty()) {
        std::fprintf(stderr, "chorus-aggregator: %s\n", options.fault.c_str());
        return to_int(ExitCode::usage);
    }
    const sigset_t set = handled_signals();
    sigprocmask(SIG_BLOCK, &set, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
    int lock_fd = -1;
    int code = to_int(ExitCode::ok);
    try {
        check_port(options);
        const DataDirectory directory = prepare_data_directory(options, lock_fd);
        std::printf("Starting in %s\n", directory.data.c_str());
        Supervisor supervisor{directory, options};
        try {
            supervisor.start();
            print_welcome(directory, options);
            supervisor.watch();
        } catch (const Stopped&) {
            std::puts("");
        } catch (...) {
            supervisor.stop();
            throw;
        }
        supervisor.stop();
        std::puts("Stopped");
    } catch (const Problem& e) {
        std::fprintf(stderr, "%s\n", e.what());
        code = e.code();
    }
    if (lock_fd >= 0) close(lock_fd);
    return code;
}

}  // namespace chorus
