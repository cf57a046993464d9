#include "aggregator/quickstart/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <sstream>
#include <vector>

#include "common/settings/exit_codes.h"
#include "common/text.h"

namespace chorus::quickstart {
namespace {

namespace fs = std::filesystem;

// sun_path holds 107 bytes and a NUL; the longest name below the directory is PostgreSQL's lock.
constexpr std::size_t kLongestRunDir = 107 - sizeof("/.s.PGSQL.5432.lock");

std::string environment(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread
    return value != nullptr ? value : "";
}

bool executable(const fs::path& path) {
    return access(path.c_str(), X_OK) == 0;
}

std::string in_path(const std::string& program) {
    const std::string path = environment("PATH");
    for (const auto dir : split(path, ':')) {
        const fs::path candidate = fs::path(dir) / program;
        if (!dir.empty() && executable(candidate)) return candidate;
    }
    return {};
}

// Debian keeps the server's programs out of PATH; the highest version wins.
std::string find_postgres() {
    std::vector<std::pair<int, std::string>> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/usr/lib/postgresql", ignored)) {
        if (executable(entry.path() / "bin/postgres")) {
            found.emplace_back(std::atoi(entry.path().filename().c_str()), entry.path() / "bin");
        }
    }
    if (!found.empty()) return std::max_element(found.begin(), found.end())->second;
    const std::string postgres = in_path("postgres");
    return postgres.empty() ? postgres : fs::path(postgres).parent_path().string();
}

std::string default_data_dir() {
    if (geteuid() == 0) return "/var/lib/chorus-quickstart";
    const std::string data_home = environment("XDG_DATA_HOME");
    if (!data_home.empty()) return data_home + "/chorus";
    return environment("HOME") + "/.local/share/chorus";
}

void check_way(const Account& servers, const std::string& data) {
    const auto barred = barred_directory(servers, data);
    if (!barred) return;
    const std::string other_way =
        geteuid() == 0 ? ", or open the way: chmod o+x " + *barred : std::string{};
    throw Problem("the account " + servers.name + ", as which the servers run, cannot enter " +
                      *barred + ", so it would not reach " + data +
                      ".\nGive a --data-dir that it can reach, for example " + default_data_dir() +
                      other_way,
                  to_int(ExitCode::no_permission));
}

// The directory gets another owner: somebody's home must not be given away by a slip.
void refuse_others_files(const std::string& data) {
    std::error_code error;
    if (fs::exists(data + "/lock", error)) return;
    for (fs::directory_iterator at(data, error); !error && at != fs::directory_iterator{};
         at.increment(error)) {
        if (at->path().filename() == "lost+found") continue;
        throw Problem(data + " holds other files; give an empty or a new directory with --data-dir",
                      to_int(ExitCode::cannot_create));
    }
}

void make_directory(const std::string& path, const Account& owner, mode_t mode = 0700) {
    std::error_code error;
    // Others pass through what is made on the way, whatever root's umask is.
    const mode_t before = geteuid() == 0 ? umask(022) : umask(077);
    fs::create_directories(path, error);
    umask(before);
    if (error) {
        throw Problem(
            "cannot create " + path + ": " + error.message() + "; give another --data-dir",
            to_int(ExitCode::cannot_create));
    }
    if (geteuid() == 0 && chown(path.c_str(), owner.uid, owner.gid) != 0) {
        throw Problem("cannot give " + path + " to " + owner.name + ": " + std::strerror(errno),
                      to_int(ExitCode::no_permission));
    }
    chmod(path.c_str(), mode);
}

std::string run_dir(const DataDirectory& directory) {
    std::string run = directory.data + "/run";
    const bool plain = run.find_first_not_of(
                           "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-") ==
                       std::string::npos;  // it stands in URLs
    if (plain && run.size() <= kLongestRunDir) return run;
    const std::string name =
        "chorus-" + std::to_string(std::hash<std::string>{}(directory.data) % 1'000'000'000);
    const std::string runtime = environment("XDG_RUNTIME_DIR");
    return (runtime.empty() || geteuid() == 0 ? "/tmp" : runtime) + "/" + name;
}

// A directory below /tmp may have been laid there by somebody else.
void refuse_others_directory(const std::string& path, const Account& servers) {
    struct stat info {};
    if (lstat(path.c_str(), &info) != 0) return;
    if (S_ISDIR(info.st_mode) && (info.st_uid == geteuid() || info.st_uid == servers.uid)) return;
    throw Problem(path + " belongs to somebody else; remove it or give another --data-dir",
                  to_int(ExitCode::cannot_create));
}

void lock(const DataDirectory& directory, int& lock_fd) {
    const std::string path = directory.data + "/lock";
    lock_fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (lock_fd < 0) {
        throw Problem("cannot write to " + directory.data + ": " + std::strerror(errno),
                      to_int(ExitCode::cannot_create));
    }
    if (flock(lock_fd, LOCK_EX | LOCK_NB) != 0) {
        throw Problem(
            "another quickstart uses " + directory.data + "; stop it or give another --data-dir",
            to_int(ExitCode::unavailable));
    }
}

void find_programs(DataDirectory& directory) {
    directory.postgres_bin = find_postgres();
    directory.redis_server = in_path("redis-server");
    directory.redis_cli = in_path("redis-cli");
    if (directory.postgres_bin.empty() || directory.redis_server.empty()) {
        throw Problem(
            "PostgreSQL or Redis is not installed; run\n"
            "  sudo apt-get install --no-install-recommends postgresql-15 redis-server",
            to_int(ExitCode::unavailable));
    }
    directory.aggregator = fs::read_symlink("/proc/self/exe");
    const fs::path beside = fs::path(directory.aggregator).parent_path() / "chorus-agent";
    directory.agent = executable(beside) ? beside.string() : in_path("chorus-agent");
}

}  // namespace

DataDirectory prepare_data_directory(const QuickstartOptions& options, int& lock_fd) {
    DataDirectory directory;
    directory.own = own_account();
    directory.servers = directory.own;
    if (directory.own.uid == 0) {
        const auto account = unprivileged_account();
        if (!account) {
            throw Problem("PostgreSQL does not run as root and there is no user postgres or nobody",
                          to_int(ExitCode::no_permission));
        }
        directory.servers = *account;
    }
    find_programs(directory);
    directory.data = fs::absolute(options.data_dir.empty() ? default_data_dir() : options.data_dir)
                         .lexically_normal();
    directory.cluster = directory.data + "/postgresql";
    directory.redis_dir = directory.data + "/redis";
    directory.logs = directory.data + "/log";
    directory.agent_state = directory.data + "/agent";
    directory.config_file = directory.data + "/aggregator.conf";
    directory.agent_config = directory.data + "/agent.conf";
    directory.token_file = directory.agent_state + "/token";
    directory.run = run_dir(directory);
    check_way(directory.servers, directory.data);
    refuse_others_files(directory.data);
    make_directory(directory.data, directory.servers, 0711);
    lock(directory, lock_fd);
    refuse_others_directory(directory.run, directory.servers);
    for (const auto& path :
         {directory.cluster, directory.redis_dir, directory.logs, directory.run}) {
        make_directory(path, directory.servers);
    }
    make_directory(directory.agent_state, directory.own);
    return directory;
}

}  // namespace chorus::quickstart
