#include "common/settings/listening_port.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace chorus {
namespace {

namespace fs = std::filesystem;

// Inodes of the sockets in state LISTEN on that port. A line of the file:
//   0: 0100007F:1F92 00000000:0000 0A 00000000:00000000 00:00000000 00000000  0  0 12345 ...
void add_inodes(const char* path, std::uint16_t port, std::set<std::string>& links) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
        std::istringstream words(line);
        std::string slot, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
        words >> slot >> local >> remote >> state >> queues >> timer >> retransmits >> uid >>
            timeout >> inode;
        const auto colon = local.find(':');
        if (colon == std::string::npos || state != "0A") continue;
        if (std::strtoul(local.c_str() + colon + 1, nullptr, 16) == port) {
            links.insert("socket:[" + inode + "]");
        }
    }
}

bool holds_one_of(const fs::path& process, const std::set<std::string>& links) {
    std::error_code error;
    fs::directory_iterator entries(process / "fd", error);
    for (; !error && entries != fs::directory_iterator{}; entries.increment(error)) {
        std::error_code gone;
        const fs::path target = fs::read_symlink(entries->path(), gone);
        if (!gone && links.contains(target.string())) return true;
    }
    return false;
}

}  // namespace

std::optional<std::string> listener_of(std::uint16_t port) {
    std::set<std::string> links;
    add_inodes("/proc/net/tcp", port, links);
    add_inodes("/proc/net/tcp6", port, links);
    if (links.empty()) return std::nullopt;
    std::error_code error;
    fs::directory_iterator entries("/proc", error);
    for (; !error && entries != fs::directory_iterator{}; entries.increment(error)) {
        const std::string pid = entries->path().filename().string();
        if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
        if (!holds_one_of(entries->path(), links)) continue;
        std::ifstream in(entries->path() / "comm");
        std::string name;
        std::getline(in, name);
        return name + " (process " + pid + ")";
    }
    return std::nullopt;
}

std::string cannot_listen(const std::string& address, std::uint16_t port, int error,
                          const std::string& setting) {
    const std::string number = std::to_string(port);
    switch (error) {
        case EADDRINUSE:
            return "port " + number + " is in use by " +
                   listener_of(port).value_or("another program") + "; stop it, or give another " +
                   "one with " + setting;
        case EACCES:
            return "port " + number + " is for root alone; give one from 1024 on with " + setting;
        case EADDRNOTAVAIL:
            return "no interface of this machine has the address " + address;
        default:
            return "cannot listen on " + address + " port " + number + ": " + std::strerror(error);
    }
}

}  // namespace chorus
