// What the kernel counts for one control group: Documentation/admin-guide/cgroup-v2.rst and
// cgroup-v1/.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/procfs/block_stack.h"
#include "agent/procfs/support/reader.h"

namespace chorus::agent {

// A member is unknown if the controller is not on for this group, or if the file cannot be read.
struct CgroupUsage {
    std::optional<std::uint64_t> cpu_us;                 // since it was made
    std::optional<std::uint64_t> periods, throttled;     // of the CPU quota
    std::optional<std::uint64_t> memory, inactive_file;  // bytes
    std::optional<std::uint64_t> memory_limit;           // of this group itself; none = no limit
    std::optional<std::uint64_t> oom_kills;
    std::optional<std::uint64_t> read_bytes, written_bytes;  // storage, since it was made
    std::optional<std::uint64_t> pids;
    std::optional<std::uint64_t> cpu_some_us, memory_full_us, io_full_us;  // pressure, version 2
};

// One of the two versions of control groups.
class CgroupHierarchy {
  public:
    virtual ~CgroupHierarchy() = default;
    // The directory of sysfs below which all groups are.
    virtual std::string root() const = 0;
    // `group` is a path below root(), "/system.slice/ssh.service".
    virtual CgroupUsage read(const std::string& group) = 0;
    // Page cache included, in bytes.
    virtual std::optional<std::uint64_t> memory(const std::string& group) = 0;
    // The group's own limit of memory, in bytes.
    virtual std::optional<std::uint64_t> memory_limit(const std::string& group) = 0;
};

class CgroupV2 final : public CgroupHierarchy {
  public:
    CgroupV2(Reader& sys, BlockStack& stack) : sys_(sys), stack_(stack) {}
    static bool is_mounted(const Reader& sys);
    std::string root() const override { return "fs/cgroup"; }
    CgroupUsage read(const std::string& group) override;
    std::optional<std::uint64_t> memory(const std::string& group) override;
    std::optional<std::uint64_t> memory_limit(const std::string& group) override;

  private:
    Reader& sys_;
    BlockStack& stack_;
};

// Each controller has a directory. A group has the same path in all of them.
class CgroupV1 final : public CgroupHierarchy {
  public:
    CgroupV1(Reader& sys, BlockStack& stack) : sys_(sys), stack_(stack) {}
    static bool is_mounted(const Reader& sys);
    std::string root() const override { return "fs/cgroup/memory"; }
    CgroupUsage read(const std::string& group) override;
    std::optional<std::uint64_t> memory(const std::string& group) override;
    std::optional<std::uint64_t> memory_limit(const std::string& group) override;

  private:
    Reader& sys_;
    BlockStack& stack_;
};

}  // namespace chorus::agent
