#include "aggregator/quickstart/child.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fstream>
#include <system_error>
#include <thread>

namespace chorus::quickstart {
namespace {

constexpr int kCannotExecute = 127;

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> all;
    all.reserve(texts.size() + 1);
    for (const auto& text : texts) all.push_back(const_cast<char*>(text.c_str()));
    all.push_back(nullptr);
    return all;
}

bool become(const Account& account) {
    if (geteuid() != 0 || account.uid == 0) return true;
    return setgroups(0, nullptr) == 0 && setgid(account.gid) == 0 && setuid(account.uid) == 0;
}

// In the child, between fork and exec: only calls that are safe there.
[[noreturn]] void execute(const Command& command, char* const* arguments, char* const* environment,
                          int output, int error, pid_t parent) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    // A Ctrl-C at the terminal is for us alone; we stop the children in order.
    setpgid(0, 0);
    const int input = open("/dev/null", O_RDONLY);
    if (input >= 0) dup2(input, STDIN_FILENO);
    if (output >= 0) dup2(output, STDOUT_FILENO);
    if (error >= 0) dup2(error, STDERR_FILENO);
    // Opened before the change of user, who may have no way to a build below another's home.
    const int program = open(arguments[0], O_PATH | O_CLOEXEC);
    if (program < 0 || chdir("/") != 0 || !become(command.account)) _exit(kCannotExecute);
    // After setuid(2), which clears it. The parent may have died before: then leave.
    prctl(PR_SET_PDEATHSIG, command.death_signal);
    if (getppid() != parent) _exit(kCannotExecute);
    // By its path if the user has a way to it: else the kernel names the process after a
    // descriptor.
    execve(arguments[0], arguments, environment);
    fexecve(program, arguments, environment);
    _exit(kCannotExecute);
}

pid_t spawn(const Command& command, int output, int error) {
    const auto arguments = pointers(command.arguments);
    const auto environment = pointers(command.environment);
    const pid_t parent = getpid();
    const pid_t pid = fork();
    if (pid < 0) throw std::system_error(errno, std::generic_category(), command.name);
    if (pid == 0) {
        execute(command, arguments.data(), environment.data(), output, error, parent);
    }
    return pid;
}

int exit_code(int status) {
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int wait_for(pid_t pid) {
    int status = 0;
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) return kCannotExecute;
    }
    return exit_code(status);
}

// A log of a run that was restarted is kept once, as FILE.1.
int open_log(const std::string& path) {
    if (path.empty()) return -1;
    constexpr off_t rotate_above = 16 << 20;
    const int existing = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (existing >= 0 && lseek(existing, 0, SEEK_END) > rotate_above) {
        close(existing);
        rename(path.c_str(), (path + ".1").c_str());
        return open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    }
    return existing;
}

std::size_t size_of(const std::string& path) {
    struct stat info {};
    return stat(path.c_str(), &info) == 0 ? static_cast<std::size_t>(info.st_size) : 0;
}

pid_t spawn_logged(const Command& command) {
    const int log = open_log(command.log_file);
    const pid_t pid = spawn(command, log, log);
    if (log >= 0) close(log);
    return pid;
}

}  // namespace

Account own_account() {
    const passwd* entry = getpwuid(geteuid());  // NOLINT(concurrency-mt-unsafe): before any thread
    return {geteuid(), getegid(), entry != nullptr ? entry->pw_name : std::to_string(geteuid())};
}

std::optional<Account> account_named(const char* name) {
    const passwd* entry = getpwnam(name);  // NOLINT(concurrency-mt-unsafe): before any thread
    if (entry == nullptr) return std::nullopt;
    return Account{entry->pw_uid, entry->pw_gid, name};
}

std::optional<Account> unprivileged_account() {
    if (auto account = account_named("postgres")) return account;
    return account_named("nobody");
}

std::optional<std::string> barred_directory(const Account& account, const std::string& path) {
    constexpr std::size_t most = 250;  // what an exit code can tell; no path of use is that deep
    std::vector<std::string> way;
    for (auto at = path.find('/', 1); at != std::string::npos && way.size() < most;
         at = path.find('/', at + 1)) {
        way.push_back(path.substr(0, at));
    }
    const pid_t pid = fork();
    if (pid < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid == 0) {
        if (!become(account)) _exit(0);
        for (std::size_t i = 0; i < way.size(); ++i) {
            if (access(way[i].c_str(), X_OK) == 0) continue;
            _exit(errno == ENOENT ? 0 : static_cast<int>(i) + 1);
        }
        _exit(0);
    }
    const auto first = static_cast<std::size_t>(wait_for(pid));
    if (first == 0 || first > way.size()) return std::nullopt;
    return way[first - 1];
}

int run_to_end(const Command& command) {
    return wait_for(spawn_logged(command));
}

std::optional<std::string> run_for_output(const Command& command) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) {
        throw std::system_error(errno, std::generic_category(), "pipe2");
    }
    const int log = open_log(command.log_file);
    const pid_t pid = spawn(command, ends[1], log);
    if (log >= 0) close(log);
    close(ends[1]);
    std::string output;
    char buffer[4'096];
    ssize_t n = 0;
    while ((n = read(ends[0], buffer, sizeof buffer)) > 0 && output.size() < (1U << 20U)) {
        output.append(buffer, static_cast<std::size_t>(n));
    }
    close(ends[0]);
    return wait_for(pid) == 0 ? std::optional{output} : std::nullopt;
}

Child::Child(Command command)
    : command_(std::move(command)),
      log_size_(size_of(command_.log_file)),
      pid_(spawn_logged(command_)) {}

Child::~Child() {
    stop(SIGTERM, std::chrono::seconds{10});
}

std::optional<int> Child::ended() {
    if (exit_code_) return exit_code_;
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) == pid_) exit_code_ = exit_code(status);
    return exit_code_;
}

std::string Child::last_words(std::size_t bytes) const {
    return tail_of(command_.log_file, bytes, log_size_);
}

void Child::stop(int signal, std::chrono::milliseconds grace) {
    if (ended()) return;
    kill(pid_, signal);
    const auto deadline = std::chrono::steady_clock::now() + grace;
    while (!ended() && std::chrono::steady_clock::now() < deadline) {
        std::this_thread::sleep_for(std::chrono::milliseconds{10});
    }
    if (ended()) return;
    kill(pid_, SIGKILL);
    exit_code_ = wait_for(pid_);
}

std::string tail_of(const std::string& path, std::size_t bytes, std::size_t begin) {
    std::ifstream in(path, std::ios::binary | std::ios::ate);
    if (!in) return {};
    const auto size = static_cast<std::size_t>(in.tellg());
    if (begin > size) begin = 0;  // a new file since then
    const std::size_t from = size - begin > bytes ? size - bytes : begin;
    in.seekg(static_cast<std::streamoff>(from));
    std::string text(size - from, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    const auto end_of_cut_line = from > begin ? text.find('\n') : std::string::npos;
    if (end_of_cut_line + 1 < text.size()) text.erase(0, end_of_cut_line + 1);
    return text;
}

}  // namespace chorus::quickstart
