#include "common/settings/config_sources.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <system_error>

#include "common/text.h"

namespace chorus {
namespace {

constexpr std::size_t kLargestFile = 1U << 20U;
constexpr std::size_t kLargestSecret = 64U << 10U;
constexpr std::size_t kMostDropIns = 1'000;

// The file's text; nullopt and errno if it cannot be read or is too large (EFBIG).
std::optional<std::string> slurp(const std::string& path, std::size_t limit) {
    errno = 0;
    std::ifstream in(path, std::ios::binary);
    if (!in) return std::nullopt;
    std::string text(limit + 1, '\0');
    in.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (in.bad() || (in.gcount() == 0 && !in.eof())) {
        errno = EISDIR;
        return std::nullopt;
    }
    text.resize(static_cast<std::size_t>(in.gcount()));
    if (text.size() > limit) {
        errno = EFBIG;
        return std::nullopt;
    }
    return text;
}

std::string cannot_be_read(const std::string& path, int error) {
    return path + ": cannot be read: " + std::strerror(error) +
           (error == EACCES ? "; run this as root or as the user of the service" : "");
}

struct Assignment {
    std::string name, value;
};
// What a line says; nullopt = nothing; a fault as text.
using LineReader = std::function<std::optional<Assignment>(std::string_view, std::string& fault)>;

ConfigLayer read_lines(const std::string& path, bool must_exist, const LineReader& read_line) {
    ConfigLayer layer;
    const auto text = slurp(path, kLargestFile);
    if (!text) {
        if (errno == ENOENT && !must_exist) return layer;
        layer.faults.push_back(cannot_be_read(path, errno));
        return layer;
    }
    std::string_view rest = *text;
    if (rest.starts_with("\xEF\xBB\xBF")) rest.remove_prefix(3);
    int number = 0;
    for (const std::string_view line : split(rest, '\n')) {
        ++number;
        const std::string_view content = trim(line);
        if (content.empty() || content.front() == '#' || content.front() == ';') continue;
        const std::string origin = path + ':' + std::to_string(number);
        std::string fault;
        if (auto assignment = read_line(content, fault)) {
            layer.entries.push_back(
                {std::move(assignment->name), std::move(assignment->value), origin});
        } else if (!fault.empty()) {
            layer.faults.push_back(origin + ": " + fault);
        }
    }
    return layer;
}

std::optional<Assignment> split_assignment(std::string_view line, std::string& fault) {
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) {
        fault = "expected `name = value`";
        return std::nullopt;
    }
    const std::string_view name = trim(line.substr(0, equals));
    if (name.empty()) {
        fault = "a name is missing before `=`";
        return std::nullopt;
    }
    return Assignment{std::string(name), std::string(trim(line.substr(equals + 1)))};
}

// Takes a value out of its quotes; what follows the closing quote may only be a comment.
bool unquote(std::string& value, std::string_view quotes, std::string& fault) {
    if (value.empty() || quotes.find(value.front()) == std::string_view::npos) return true;
    const auto end = value.find(value.front(), 1);
    if (end == std::string::npos) {
        fault = "the quote is not closed";
        return false;
    }
    const std::string_view rest = trim(std::string_view{value}.substr(end + 1));
    if (!rest.empty() && rest.front() != '#') {
        fault = "text after the closing quote";
        return false;
    }
    value = value.substr(1, end - 1);
    return true;
}

}  // namespace

ConfigLayer read_environment(const std::vector<std::string>& environment) {
    ConfigLayer layer;
    for (const std::string& pair : environment) {
        const auto equals = pair.find('=');
        if (equals == std::string::npos || equals == 0) continue;
        layer.entries.push_back({pair.substr(0, equals), pair.substr(equals + 1),
                                 "environment " + pair.substr(0, equals)});
    }
    return layer;
}

ConfigLayer read_env_file(const std::string& path) {
    return read_lines(path, false, [](std::string_view line, std::string& fault) {
        if (line.starts_with("export ")) line = trim(line.substr(7));
        auto assignment = split_assignment(line, fault);
        if (!assignment) return assignment;
        std::string& value = assignment->value;
        const bool quoted = !value.empty() && (value.front() == '"' || value.front() == '\'');
        if (!quoted) {
            const auto comment = value.find(" #");
            if (comment != std::string::npos) value = std::string(trim(value.substr(0, comment)));
        } else if (!unquote(value, "\"'", fault)) {
            assignment.reset();
        }
        return assignment;
    });
}

ConfigLayer read_config_file(const std::string& path) {
    return read_lines(path, true, [](std::string_view line, std::string& fault) {
        auto assignment = split_assignment(line, fault);
        if (assignment && !unquote(assignment->value, "\"", fault)) assignment.reset();
        return assignment;
    });
}

std::vector<std::string> drop_in_files(const std::string& path) {
    std::vector<std::string> files;
    std::error_code error;
    std::filesystem::directory_iterator entries(path + ".d", error);
    if (error && error != std::errc::no_such_file_or_directory) return {path + ".d"};
    for (; !error && entries != std::filesystem::directory_iterator{}; entries.increment(error)) {
        const std::string file = entries->path().string();
        if (file.ends_with(".conf") && files.size() < kMostDropIns) files.push_back(file);
    }
    std::sort(files.begin(), files.end());
    return files;
}

SecretFile read_secret_file(const std::string& path) {
    if (auto fault = check_secret_permissions(path)) return {{}, std::move(fault)};
    auto text = slurp(path, kLargestSecret);
    if (!text) return {{}, cannot_be_read(path, errno)};
    const std::string_view value = trim(*text);
    if (value.empty()) return {{}, path + ": is empty"};
    return {std::string(value), std::nullopt};
}

std::optional<std::string> check_secret_permissions(const std::string& path) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return std::nullopt;  // the reader tells why
    if (!S_ISREG(info.st_mode)) return std::nullopt;
    // root:chorus 0640 is how packages hand a file to a service that runs as another user.
    const bool handed_over = info.st_uid == 0 && (::geteuid() != 0 || info.st_gid != 0);
    const mode_t forbidden = S_IROTH | (handed_over ? 0U : static_cast<mode_t>(S_IRGRP));
    if ((info.st_mode & forbidden) == 0) return std::nullopt;
    return path + ": holds a secret and others may read it; run `chmod 600 " + path + "`";
}

}  // namespace chorus
