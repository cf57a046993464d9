// Reads the places a configuration can come from, as plain name/value pairs with their origin.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace chorus {

struct ConfigEntry {
    std::string name;  // as written
    std::string value;
    std::string origin;  // "environment PORT", ".env:3", "/etc/chorus/agent.conf:12"
};

struct ConfigLayer {
    std::vector<ConfigEntry> entries;
    std::vector<std::string> faults;  // "FILE:LINE: …"
};

// "NAME=value" pairs.
ConfigLayer read_environment(const std::vector<std::string>& environment);

// Lines `NAME=value`, optional `export`, single or double quotes, `#` comments; no expansion.
// Throws nothing: an unreadable file is a fault. Empty layer if the file does not exist.
ConfigLayer read_env_file(const std::string& path);

// Lines `key = value`; a line that starts with `#` or `;` is a comment, a `#` inside a value is
// part of it (passwords have such). A value may stand in double quotes. CRLF and a byte order mark
// are tolerated.
ConfigLayer read_config_file(const std::string& path);

// The files PATH.d/*.conf in the order of their names, later ones being stronger. None if there is
// no such directory; one that may not be listed is told of when its files are read.
std::vector<std::string> drop_in_files(const std::string& path);

// The content of a secret's file without its last line break, or why it must not be used: it cannot
// be read, is empty, is larger than 64 KiB, or others may read it.
struct SecretFile {
    std::string value;
    std::optional<std::string> fault;
};
SecretFile read_secret_file(const std::string& path);

// A file that holds a secret is for its owner alone, or root's for our group; the fault names the
// remedy.
std::optional<std::string> check_secret_permissions(const std::string& path);

}  // namespace chorus
