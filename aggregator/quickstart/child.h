// A supervised child process with its own user, environment and log file. It ends when we end.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <string>
#include <vector>

namespace chorus::quickstart {

struct Account {
    uid_t uid = 0;
    gid_t gid = 0;
    std::string name;
};

// The user that runs us.
Account own_account();
// nullopt if the system knows no such user.
std::optional<Account> account_named(const char* name);
// PostgreSQL refuses root. So this is the user `postgres`, else `nobody`; nullopt if there is
// neither.
std::optional<Account> unprivileged_account();

// The first directory on the way to `path` that the account may not enter, tried as that account.
// nullopt if it may enter all existing ones.
std::optional<std::string> barred_directory(const Account& account, const std::string& path);

struct Command {
    std::string name;                    // for messages: "PostgreSQL"
    std::vector<std::string> arguments;  // [0] is the path of the program
    std::vector<std::string> environment;
    Account account;
    std::string log_file;        // standard output and error; empty = ours
    int death_signal = SIGTERM;  // what the child gets when we die, however we die
};

// Runs a command to its end; answers its exit code, 128 + N for signal N.
int run_to_end(const Command& command);

// Runs a command to its end and answers its standard output; nullopt if it failed.
std::optional<std::string> run_for_output(const Command& command);

class Child {
  public:
    // Throws std::system_error when the process cannot be made. A program that cannot be executed
    // shows as exit code 127.
    explicit Child(Command command);
    ~Child();
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    const std::string& name() const { return command_.name; }
    const Command& command() const { return command_; }
    // The exit code if it has ended.
    std::optional<int> ended();
    // The last lines that it wrote to its log; those of earlier runs are not among them.
    std::string last_words(std::size_t bytes = 2'000) const;
    // Sends `signal`, waits, kills after `grace`. Safe to call again.
    void stop(int signal, std::chrono::milliseconds grace);

  private:
    Command command_;
    std::size_t log_size_ = 0;  // of its log before it started
    pid_t pid_;
    std::optional<int> exit_code_;
};

// The last whole lines of a file from the byte `begin` on, for error messages; empty if it cannot
// be read.
std::string tail_of(const std::string& path, std::size_t bytes = 2'000, std::size_t begin = 0);

}  // namespace chorus::quickstart
