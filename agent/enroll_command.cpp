// chorus-agent enroll: from an enrolment token to a host that may send.
#include <fcntl.h>
#include <grp.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <system_error>

#include "agent/commands.h"
#include "agent/procfs/support/file_descriptor.h"
#include "agent/push/endpoint.h"
#include "agent/push/identity.h"
#include "common/http/url.h"
#include "common/json/json_reader.h"
#include "common/json_writer.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr const char* kServiceGroup = "chorus-agent";
constexpr std::chrono::milliseconds kEnrollTimeout{30'000};

// A file that appears under its name only once it is whole, readable for the service's group if
// there is one and nobody else. Throws std::system_error.
class NewFile {
  public:
    explicit NewFile(std::string path) : path_(std::move(path)), fresh_(path_ + ".new") {
        ::unlink(fresh_.c_str());
        fd_ = FileDescriptor(
            ::open(fresh_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (fd_.get() < 0) fail();
        // NOLINTNEXTLINE(concurrency-mt-unsafe): before any thread
        const group* service = ::geteuid() == 0 ? ::getgrnam(kServiceGroup) : nullptr;
        if (service == nullptr) return;
        if (::fchown(fd_.get(), 0, service->gr_gid) != 0 || ::fchmod(fd_.get(), 0640) != 0) fail();
    }
    ~NewFile() {
        if (!kept_) ::unlink(fresh_.c_str());
    }
    NewFile(const NewFile&) = delete;
    NewFile& operator=(const NewFile&) = delete;

    void keep(const std::string& text) {
        if (::write(fd_.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
            ::fsync(fd_.get()) != 0 || ::rename(fresh_.c_str(), path_.c_str()) != 0) {
            fail();
        }
        kept_ = true;
    }
    const std::string& path() const { return path_; }

  private:
    [[noreturn]] void fail() const {
        throw std::system_error(errno, std::generic_category(), path_);
    }
    std::string path_, fresh_;
    FileDescriptor fd_;
    bool kept_ = false;
};

// An agent that has run before keeps its identity; a new one is bound by its first batch.
std::string request_body(const std::string& hostname, const std::optional<Uuid>& id) {
    JsonWriter out;
    out.begin_object().field("hostname", hostname);
    if (id) out.field("agent_id", id->to_string());
    out.end_object();
    return out.text();
}

// A member of a JSON object; empty if it is not there.
std::string member(const std::string& json, std::string_view name) {
    JsonReader reader;
    try {
        std::string_view text;
        if (reader.parse(json)[name].get(text) == simdjson::SUCCESS) return std::string(text);
    } catch (const JsonError&) {
    }
    return {};
}

// What the configuration has to say once this host is known.
std::string drop_in(const Config& config, const std::string& url, const std::string& token_file) {
    std::string text = "# Written by `chorus-agent enroll`.\naggregator-url = " + url +
                       "\nagent-token-file = " + token_file + '\n';
    for (const char* name : {"tls-ca-file", "hostname"}) {
        if (!config.text(name).empty())
            text += std::string(name) + " = " + config.text(name) + '\n';
    }
    if (config.boolean("insecure-http")) text += "insecure-http = true\n";
    return text;
}

ExitCode refuse(ExitCode code, const std::string& message) {
    std::cerr << "chorus-agent: " << message << '\n';
    return code;
}

ExitCode refused_by(const Answer& answer) {
    std::string why = one_line(member(answer.body, "detail"));
    if (why.empty() && answer.status == 404) why = why_forbidden(answer);
    const auto code = answer.status == 401   ? ExitCode::no_permission
                      : answer.status >= 500 ? ExitCode::unavailable
                                             : ExitCode::config;
    return refuse(code, "the aggregator answers " + std::to_string(answer.status) +
                            (why.empty() ? "" : ": " + why));
}

}  // namespace

ExitCode run_enroll(const Config& config, const std::string& url, const std::string& enrolment) {
    const AgentConfig settings = read_settings(config, Needs::nothing);
    auto endpoint = endpoint_of(url, config.boolean("insecure-http"));
    if (const auto* fault = std::get_if<std::string>(&endpoint)) {
        const bool swapped = parse_url(enrolment).has_value();
        return refuse(ExitCode::usage, swapped ? "the URL comes before the token" : *fault);
    }
    auto& target = std::get<Endpoint>(endpoint);
    target.ca_file = config.text("tls-ca-file");
    std::string token = enrolment;
    if (token == "-") std::getline(std::cin, token);
    token = std::string(trim(token));
    if (token.empty() || token.find_first_of(" \t\r\n") != std::string::npos) {
        return refuse(ExitCode::usage,
                      "the enrolment token is missing or holds blanks; it is one word that begins "
                      "with chr_enrol_");
    }
    // The files first: a use of the token must not be lost to a directory that cannot be written.
    namespace fs = std::filesystem;
    try {
        const fs::path file = config.file();
        fs::create_directories(config.file() + ".d");
        NewFile token_file{fs::path(file).replace_extension(".token").string()};
        NewFile settings_file{config.file() + ".d/enrolled.conf"};
        IngestClient client{target, token, kEnrollTimeout, {"/api/v1/agents/enroll", false}};
        const auto id = stored_identity(settings.spool_dir);
        const auto result = client.post(request_body(settings.hostname, id));
        if (const auto* none = std::get_if<NoAnswer>(&result)) {
            return refuse(ExitCode::unavailable,
                          url + " gives no answer: " + none->reason +
                              "; is the aggregator running, is the port right, and does a firewall "
                              "let this host through?");
        }
        const auto& answer = std::get<Answer>(result);
        if (answer.status != 200 && answer.status != 201) return refused_by(answer);
        const std::string own = member(answer.body, "token");
        if (own.empty()) {
            return refuse(ExitCode::unavailable,
                          target.host + " answers, but not as an aggregator");
        }
        token_file.keep(own + '\n');
        settings_file.keep(drop_in(config, url, token_file.path()));
        std::cout << "This host is enrolled as " << settings.hostname << ".\n"
                  << "Next: `systemctl enable --now chorus-agent`, or restart it if it runs; then "
                     "`chorus-agent status`\n";
        return ExitCode::ok;
    } catch (const std::system_error& e) {
        const bool denied = e.code() == std::errc::permission_denied ||
                            e.code() == std::errc::read_only_file_system;
        return refuse(denied ? ExitCode::no_permission : ExitCode::cannot_create,
                      std::string(e.what()) + (denied ? "; run this as root" : ""));
    }
}

}  // namespace chorus::agent
