#include "agent/push/identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/uuid/name_generator_sha1.hpp>
#include <cerrno>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string_view>

#include "common/log.h"
#include "common/text.h"

namespace chorus::agent {
namespace {

constexpr Logger kIdentityLog{"agent"};
// Chosen at random once; identities derived from machine ids depend on it.
constexpr boost::uuids::uuid kNameSpace{{0x5d, 0x1c, 0x0a, 0x77, 0x3e, 0x92, 0x4b, 0x6f, 0x8a, 0x21,
                                         0xc4, 0x0e, 0x91, 0x57, 0xd3, 0x6b}};

std::optional<std::string> read_line(const std::string& path) {
    std::ifstream file(path);
    std::array<char, 128> text{};
    if (!file) return std::nullopt;
    file.read(text.data(), text.size());
    const std::string_view read(text.data(), static_cast<std::size_t>(file.gcount()));
    return std::string(trim(read.substr(0, read.find('\n'))));
}

// Written beside and linked into place, so that two agents that start at once end with one id, and
// a full disk leaves no half a file.
bool write_identity(const std::string& path, const Uuid& id) {
    const std::string fresh = path + "." + std::to_string(::getpid());
    const int fd =
        ::open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return false;
    const std::string line = id.to_string() + "\n";
    bool good = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
    good = ::fsync(fd) == 0 && good;
    good = ::close(fd) == 0 && good;
    good = good && ::link(fresh.c_str(), path.c_str()) == 0;
    ::unlink(fresh.c_str());
    return good;
}

std::optional<Uuid> machine_identity(const std::string& machine_id_file) {
    const auto machine_id = read_line(machine_id_file);
    if (!machine_id || machine_id->empty()) return std::nullopt;
    return derived_identity(*machine_id);
}

}  // namespace

std::optional<Uuid> stored_identity(const std::string& spool_dir) {
    const std::string path = spool_dir + "/agent-id";
    const auto line = read_line(path);
    if (!line) return std::nullopt;
    const auto id = Uuid::parse(*line);
    if (!id)
        throw std::runtime_error(path + " holds no UUID; remove it to be given a new identity");
    return id;
}

Uuid derived_identity(const std::string& machine_id) {
    // A version 5 UUID: SHA-1 over a name space of our own and the machine id.
    const auto hashed = boost::uuids::name_generator_sha1(kNameSpace)(machine_id);
    Uuid id;
    std::copy(hashed.begin(), hashed.end(), id.bytes.begin());
    return id;
}

Uuid agent_identity(const std::string& spool_dir, const std::string& machine_id_file) {
    const std::string path = spool_dir + "/agent-id";
    if (const auto id = stored_identity(spool_dir)) return *id;
    ::mkdir(spool_dir.c_str(), 0700);
    write_identity(path, Uuid::random());
    if (const auto id = stored_identity(spool_dir)) return *id;
    const auto derived = machine_identity(machine_id_file);
    if (!derived) {
        throw std::runtime_error("no identity: " + path + " cannot be written and " +
                                 machine_id_file + " cannot be read");
    }
    kIdentityLog.info("Identity is derived from the machine id", {{"spool_dir", spool_dir}});
    return *derived;
}

Uuid peek_identity(const std::string& spool_dir, const std::string& machine_id_file) {
    if (const auto id = stored_identity(spool_dir)) return *id;
    return machine_identity(machine_id_file).value_or(Uuid{});
}

}  // namespace chorus::agent
