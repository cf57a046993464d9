#include "aggregator/postgres/database_url.h"

#include <fcntl.h>
#include <libpq-fe.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "common/text.h"

namespace chorus::store {
namespace {

[[noreturn]] void refuse(const std::string& reason) {
    throw std::invalid_argument(
        "the database URL " + reason +
        "; it must look like postgresql://user:password@host:5432/database");
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string percent_decode(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
        const int low = i + 2 < text.size() ? hex_digit(text[i + 2]) : -1;
        if (high < 0 || low < 0) refuse("has a `%` that is not followed by two hex digits");
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    const auto is_control = [](char c) { return c == '\0' || c == '\n' || c == '\r'; };
    if (std::any_of(out.begin(), out.end(), is_control)) refuse("has a control character");
    return out;
}

// libpq's names of parameters: a wrong one must not be found out at the first connection.
bool is_libpq_parameter(std::string_view name) {
    PQconninfoOption* options = PQconndefaults();
    const std::unique_ptr<PQconninfoOption, decltype(&PQconninfoFree)> guard{options,
                                                                             &PQconninfoFree};
    for (auto* option = options; option != nullptr && option->keyword != nullptr; ++option) {
        if (name == option->keyword) return true;
    }
    return false;
}

using Values = std::map<std::string, std::string>;

void parse_hosts(std::string_view hosts, Values& values) {
    std::string names;
    std::string ports;
    bool any_port = false;
    for (auto host : split(hosts, ',')) {
        std::string_view port;
        if (host.starts_with('[')) {  // IPv6
            const auto close = host.find(']');
            if (close == std::string_view::npos) refuse("has a `[` without `]`");
            port = host.substr(close + 1);
            host = host.substr(1, close - 1);
            if (!port.empty() && port.front() != ':') refuse("has text behind `]`");
            if (!port.empty()) port.remove_prefix(1);
        } else if (const auto colon = host.rfind(':'); colon != std::string_view::npos) {
            port = host.substr(colon + 1);
            host = host.substr(0, colon);
        }
        if (!std::all_of(port.begin(), port.end(), [](char c) { return c >= '0' && c <= '9'; })) {
            refuse("has a port that is not a number");
        }
        any_port = any_port || !port.empty();
        if (!names.empty() || !ports.empty()) {
            names += ',';
            ports += ',';
        }
        names += percent_decode(host);
        ports += port.empty() ? "5432" : port;
    }
    if (!names.empty()) values["host"] = names;
    if (any_port) values["port"] = ports;
}

void parse_query(std::string_view query, Values& values) {
    for (const auto pair : split(query, '&')) {
        if (pair.empty()) continue;
        const auto equals = pair.find('=');
        if (equals == std::string_view::npos) refuse("has a parameter without `=`");
        auto name = percent_decode(pair.substr(0, equals));
        if (name == "ssl") name = "sslmode";  // asyncpg's word
        if (!is_libpq_parameter(name)) refuse("has the unknown parameter \"" + name + "\"");
        values[name] = percent_decode(pair.substr(equals + 1));
    }
}

Values parse_values(std::string_view url) {
    const auto scheme_end = url.find("://");
    if (scheme_end == std::string_view::npos) refuse("has no scheme");
    auto scheme = url.substr(0, scheme_end);
    scheme = scheme.substr(0, scheme.find('+'));  // postgresql+asyncpg
    if (scheme != "postgresql" && scheme != "postgres") {
        refuse("has another scheme than postgresql or postgres");
    }
    auto rest = url.substr(scheme_end + 3);
    Values values;
    if (const auto mark = rest.find('?'); mark != std::string_view::npos) {
        parse_query(rest.substr(mark + 1), values);
        rest = rest.substr(0, mark);
    }
    Values from_path;
    if (const auto slash = rest.find('/'); slash != std::string_view::npos) {
        if (slash + 1 < rest.size()) from_path["dbname"] = percent_decode(rest.substr(slash + 1));
        rest = rest.substr(0, slash);
    }
    if (const auto at = rest.rfind('@'); at != std::string_view::npos) {
        const auto user = rest.substr(0, at);
        const auto colon = user.find(':');
        if (colon != 0) from_path["user"] = percent_decode(user.substr(0, colon));
        if (colon != std::string_view::npos) {
            from_path["password"] = percent_decode(user.substr(colon + 1));
        }
        rest = rest.substr(at + 1);
    }
    parse_hosts(rest, from_path);
    values.merge(from_path);  // parameters behind `?` win, as in libpq
    return values;
}

// A value as libpq's connection string has it.
std::string quoted(std::string_view value) {
    const bool plain = std::all_of(value.begin(), value.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view{"_-./:,@+~%"}.find(c) != std::string_view::npos;
    });
    if (plain) return std::string{value};
    std::string out = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') out.push_back('\\');
        out.push_back(c);
    }
    return out + "'";
}

// One line of a password file that fits every host, port, database and user.
std::string password_line(std::string_view password) {
    std::string line = "*:*:*:*:";
    for (const char c : password) {
        if (c == ':' || c == '\\') line.push_back('\\');
        line.push_back(c);
    }
    return line + "\n";
}

std::string value_or(const Values& values, const std::string& name, const std::string& otherwise) {
    const auto found = values.find(name);
    return found == values.end() || found->second.empty() ? otherwise : found->second;
}

}  // namespace

SecretFile::SecretFile(const char* name, std::string_view content)
    : descriptor_(memfd_create(name, MFD_CLOEXEC)) {
    // libpq ignores a password file that others may read.
    if (descriptor_ < 0 || fchmod(descriptor_, 0600) != 0 ||
        write(descriptor_, content.data(), content.size()) !=
            static_cast<ssize_t>(content.size())) {
        const int reason = errno;
        if (descriptor_ >= 0) close(descriptor_);
        throw std::system_error(reason, std::generic_category(), "cannot make a file in memory");
    }
}

SecretFile::~SecretFile() {
    if (descriptor_ >= 0) close(descriptor_);
}

SecretFile::SecretFile(SecretFile&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

SecretFile& SecretFile::operator=(SecretFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

std::string SecretFile::path() const {
    return "/proc/self/fd/" + std::to_string(descriptor_);
}

ConnectionTarget parse_database_url(std::string_view url) {
    auto values = parse_values(trim(url));
    ConnectionTarget target;
    target.description = value_or(values, "host", "local") + ":" +
                         value_or(values, "port", "5432") + "/" +
                         value_or(values, "dbname", value_or(values, "user", "default"));
    if (const auto password = values.extract("password");
        !password.empty() && !password.mapped().empty()) {
        target.password_file = SecretFile{"chorus-pgpass", password_line(password.mapped())};
        values["passfile"] = target.password_file.path();
    }
    for (const auto& [name, value] : values) {
        if (value.empty()) continue;
        target.connection += (target.connection.empty() ? "" : " ") + name + "=" + quoted(value);
    }
    return target;
}

}  // namespace chorus::store
