#include "aggregator/quickstart/servers.h"

#include <Poco/Exception.h>
#include <Poco/Net/HTTPClientSession.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/ServerSocket.h>
#include <Poco/Net/SocketAddress.h>
#include <Poco/Timespan.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "aggregator/quickstart/environment.h"
#include "common/http/url.h"
#include "common/settings/exit_codes.h"
#include "common/settings/listening_port.h"
#include "common/text.h"

namespace chorus::quickstart {
namespace {

namespace fs = std::filesystem;

const Poco::Timespan kAnswerTime{2, 0};
const std::vector<std::string> kPlainEnvironment{
    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8"};

Command make(const DataDirectory& directory, std::string name, std::vector<std::string> arguments,
             std::string log) {
    Command command;
    command.name = std::move(name);
    command.arguments = std::move(arguments);
    command.environment = kPlainEnvironment;
    command.account = directory.servers;
    command.log_file = directory.logs + "/" + log;
    return command;
}

void add(Command& command, const std::vector<std::string>& settings) {
    command.environment.insert(command.environment.end(), settings.begin(), settings.end());
}

void write_file(const std::string& path, const std::string& text, const Account& owner) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const bool written =
        file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (file >= 0) close(file);
    if (!written || (geteuid() == 0 && chown(path.c_str(), owner.uid, owner.gid) != 0)) {
        throw Problem("cannot write " + path + ": " + std::strerror(errno),
                      to_int(ExitCode::cannot_create));
    }
}

std::string read_line(const std::string& path) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    return line;
}

// What libpq and psql clients of both users are called inside PostgreSQL.
std::string ident_map(const DataDirectory& directory) {
    std::string map = "chorus " + directory.servers.name + " chorus\n";
    if (directory.own.name != directory.servers.name)
        map += "chorus " + directory.own.name + " chorus\n";
    return map;
}

void check_version(const DataDirectory& directory) {
    const std::string existing = read_line(directory.cluster + "/PG_VERSION");
    const std::string installed =
        fs::path(directory.postgres_bin).parent_path().filename().string();
    if (existing == installed || installed.find_first_not_of("0123456789") != std::string::npos) {
        return;
    }
    throw Problem("the data in " + directory.cluster + " was made by PostgreSQL " + existing +
                      ", but version " + installed + " is installed; install postgresql-" +
                      existing + " or move the data with pg_upgrade. Nothing was changed",
                  to_int(ExitCode::config));
}

// Where a client on this machine reaches the aggregator.
std::string connect_address(const QuickstartOptions& options) {
    if (options.listen == "0.0.0.0") return "127.0.0.1";
    return options.listen == "::" ? "::1" : options.listen;
}

std::string bracketed(const std::string& address) {
    return address.find(':') == std::string::npos ? address : "[" + address + "]";
}

std::uint16_t port_of(const QuickstartOptions& options) {
    return static_cast<std::uint16_t>(options.port);
}

// Answers whether somebody listens there.
bool connects(int fd, const sockaddr* address, socklen_t length) {
    const bool connected = fd >= 0 && connect(fd, address, length) == 0;
    if (fd >= 0) close(fd);
    return connected;
}

bool answers_ok(const QuickstartOptions& options, const std::string& path) {
    try {
        Poco::Net::HTTPClientSession session{connect_address(options), port_of(options)};
        session.setTimeout(kAnswerTime);
        Poco::Net::HTTPRequest request{"GET", path, Poco::Net::HTTPMessage::HTTP_1_1};
        session.sendRequest(request);
        Poco::Net::HTTPResponse response;
        session.receiveResponse(response);
        return response.getStatus() == Poco::Net::HTTPResponse::HTTP_OK;
    } catch (const Poco::Exception&) {
        return false;
    }
}

}  // namespace

void prepare_postgres(const DataDirectory& directory) {
    if (fs::exists(directory.cluster + "/PG_VERSION")) {
        check_version(directory);
    } else {
        const Command initdb = make(
            directory, "initdb",
            {directory.postgres_bin + "/initdb", "-D", directory.cluster, "-U", "chorus",
             "--auth-local=peer", "--auth-host=reject", "-E", "UTF8", "--locale=C.UTF-8", "-k"},
            "initdb.log");
        if (run_to_end(initdb) != 0) {
            throw Problem("initdb failed:\n" + tail_of(initdb.log_file),
                          to_int(ExitCode::internal));
        }
    }
    write_file(directory.cluster + "/pg_hba.conf", "local all all peer map=chorus\n",
               directory.servers);
    write_file(directory.cluster + "/pg_ident.conf", ident_map(directory), directory.servers);
}

Command postgres_command(const DataDirectory& directory) {
    std::vector<std::string> arguments{directory.postgres_bin + "/postgres", "-D",
                                       directory.cluster};
    const std::vector<std::string> settings{"listen_addresses=",
                                            "unix_socket_directories=" + directory.run,
                                            "unix_socket_permissions=0700",
                                            "shared_buffers=128MB",
                                            "max_connections=40",
                                            "max_wal_size=1GB",
                                            "timezone=UTC",
                                            "log_timezone=UTC"};
    for (const auto& setting : settings) {
        arguments.emplace_back("-c");
        arguments.push_back(setting);
    }
    Command command = make(directory, "PostgreSQL", std::move(arguments), "postgresql.log");
    command.death_signal = SIGINT;  // its fast shutdown
    return command;
}

bool postgres_ready(const DataDirectory& directory) {
    return run_to_end(make(directory, "pg_isready",
                           {directory.postgres_bin + "/pg_isready", "-q", "-h", directory.run},
                           "tools.log")) == 0;
}

void create_database(const DataDirectory& directory) {
    const std::string sql = "SELECT 1 FROM pg_database WHERE datname = 'chorus'";
    const auto found = run_for_output(make(directory, "psql",
                                           {directory.postgres_bin + "/psql", "-h", directory.run,
                                            "-U", "chorus", "-d", "postgres", "-XAtc", sql},
                                           "tools.log"));
    if (found && trim(*found) == "1") return;
    const Command createdb =
        make(directory, "createdb",
             {directory.postgres_bin + "/createdb", "-h", directory.run, "-U", "chorus", "chorus"},
             "tools.log");
    if (run_to_end(createdb) != 0) {
        throw Problem("the database could not be created:\n" + tail_of(createdb.log_file),
                      to_int(ExitCode::internal));
    }
}

std::string url_of(const QuickstartOptions& options) {
    return "http://" + bracketed(connect_address(options)) + ":" + std::to_string(options.port);
}

Command redis_command(const DataDirectory& directory) {
    return make(
        directory, "Redis",
        {directory.redis_server, "--daemonize", "no", "--port", "0", "--unixsocket",
         directory.socket(), "--unixsocketperm", "700", "--dir", directory.redis_dir, "--save", "",
         "--appendonly", "no", "--maxmemory", "128mb", "--maxmemory-policy", "volatile-ttl"},
        "redis.log");
}

bool redis_ready(const DataDirectory& directory) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    directory.socket().copy(address.sun_path, sizeof address.sun_path - 1);
    return connects(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0),
                    reinterpret_cast<const sockaddr*>(&address), sizeof address);
}

void write_configs(const DataDirectory& directory, const QuickstartOptions& options) {
    const std::string head =
        "# Written anew by each start of chorus-aggregator quickstart. Holds no secret.\n"
        "# Settings of your own: in the environment, or in files beside it, ";
    write_file(directory.config_file,
               head + "aggregator.conf.d/*.conf.\nlisten = " + options.listen + "\nport = " +
                   std::to_string(options.port) + "\nexternal-url = " + url_of(options) +
                   "\ndatabase-url = " + directory.database_url() +
                   "\nredis-url = " + directory.redis_url() + "\n",
               directory.servers);
    write_file(directory.agent_config,
               head + "agent.conf.d/*.conf.\naggregator-url = " + url_of(options) +
                   "\nagent-token-file = " + directory.token_file +
                   "\nspool-dir = " + directory.agent_state + "\n",
               directory.own);
}

Command aggregator_command(const DataDirectory& directory, const QuickstartOptions& options) {
    Command command =
        make(directory, "aggregator",
             {directory.aggregator, "serve", "--config", directory.config_file}, "aggregator.log");
    add(command, settings_of(own_environment(), options.plain_names,
                             {"CHORUS_LISTEN", "CHORUS_PORT", "PORT", "CHORUS_DATABASE_URL",
                              "DATABASE_URL", "CHORUS_REDIS_URL", "REDIS_URL"}));
    return command;
}

void check_port(const QuickstartOptions& options) {
    // NOLINTNEXTLINE(concurrency-mt-unsafe): the supervisor has one thread
    const char* proxy = std::getenv("CHORUS_BEHIND_TLS_PROXY");
    if (!is_loopback_host(options.listen) && (proxy == nullptr || *proxy == '\0')) {
        throw Problem("--listen " + options.listen +
                          ": tokens would cross the network in plain text. Leave it at 127.0.0.1 "
                          "and come through a tunnel (ssh -L " +
                          std::to_string(options.port) +
                          ":127.0.0.1:" + std::to_string(options.port) +
                          " HOST), or put a proxy that speaks TLS in front and set "
                          "CHORUS_BEHIND_TLS_PROXY=true",
                      to_int(ExitCode::config));
    }
    int error = 0;
    try {
        Poco::Net::ServerSocket socket;
        socket.bind({options.listen, port_of(options)}, true, false);
    } catch (const Poco::Exception& e) {
        error = e.code();
        if (error == 0) {
            throw Problem("--listen " + options.listen + " is no address of this machine",
                          to_int(ExitCode::usage));
        }
    }
    std::ifstream in("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    int first_free = 1'024;
    in >> first_free;
    // Root may, but the aggregator does not run as root.
    if (error == 0 && options.port < first_free) error = EACCES;
    if (error == 0) return;
    throw Problem(cannot_listen(options.listen, port_of(options), error, "--port"),
                  to_int(ExitCode::unavailable));
}

bool aggregator_ready(const QuickstartOptions& options) {
    return answers_ok(options, "/ready");
}

std::string sign_in_link(const DataDirectory& directory, const QuickstartOptions& options) {
    if (!answers_ok(options, "/ui/")) return url_of(options);
    Command create = make(directory, "sign-in-link",
                          {directory.aggregator, "sign-in-link", "--name", "quickstart",
                           "--valid-minutes", "1440", "--config", directory.config_file},
                          "tools.log");
    const auto link = run_for_output(create);
    if (!link || !link->starts_with("http")) {
        throw Problem("the sign-in link could not be made:\n" + tail_of(create.log_file),
                      to_int(ExitCode::internal));
    }
    return std::string(trim(*link));
}

void create_agent_token(const DataDirectory& directory) {
    if (fs::exists(directory.token_file) && fs::file_size(directory.token_file) > 0) return;
    Command create = make(directory, "token",
                          {directory.aggregator, "token", "create", "--role", "agent", "--name",
                           "quickstart agent", "--config", directory.config_file},
                          "tools.log");
    const auto token = run_for_output(create);
    if (!token || !token->starts_with("chr_")) {
        throw Problem("the agent's token could not be made:\n" + tail_of(create.log_file),
                      to_int(ExitCode::internal));
    }
    write_file(directory.token_file, *token, directory.own);
}

Command agent_command(const DataDirectory& directory) {
    Command command = make(directory, "agent",
                           {directory.agent, "--config", directory.agent_config}, "agent.log");
    command.account = directory.own;
    add(command, settings_of(own_environment(), {"METRICS_COLLECTION_INTERVAL"},
                             {"CHORUS_AGGREGATOR_URL", "CHORUS_AGENT_TOKEN", "CHORUS_SPOOL_DIR"}));
    return command;
}

}  // namespace chorus::quickstart
