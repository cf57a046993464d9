// Where a quickstart keeps its files, and which programs it runs.
#pragma once

#include <stdexcept>
#include <string>

#include "aggregator/quickstart/child.h"
#include "aggregator/quickstart/quickstart.h"

namespace chorus::quickstart {

// A problem that the user can solve. what() is the whole message, `code` the exit code.
class Problem : public std::runtime_error {
  public:
    Problem(const std::string& message, int code) : std::runtime_error(message), code_(code) {}
    int code() const { return code_; }

  private:
    int code_;
};

struct DataDirectory {
    std::string data;     // 0700, owned by the servers' user
    std::string cluster;  // PostgreSQL's data directory
    std::string run;      // sockets; short enough for sun_path
    std::string redis_dir;
    std::string logs;
    std::string config_file;  // of the aggregator
    std::string agent_config;
    std::string token_file;  // of the local agent, 0600, owned by us
    std::string agent_state;
    std::string postgres_bin;  // directory of initdb and postgres
    std::string redis_server, redis_cli;
    std::string aggregator, agent;  // agent empty: not found
    Account servers;                // runs PostgreSQL, Redis and the aggregator
    Account own;                    // runs the agent

    std::string socket() const { return run + "/redis.sock"; }
    std::string database_url() const { return "postgresql:///chorus?host=" + run + "&user=chorus"; }
    std::string redis_url() const { return "unix://" + socket() + "?db=0"; }
};

// Finds the programs and makes the directories. Throws Problem if packages are missing, or if the
// directory cannot be used or another quickstart uses it. `lock_fd` keeps the lock as long as it is
// open.
DataDirectory prepare_data_directory(const QuickstartOptions& options, int& lock_fd);

}  // namespace chorus::quickstart
