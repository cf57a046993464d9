// Facts about the host that seldom change.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "agent/procfs/support/reader.h"
#include "common/batch/batch.h"

namespace chorus::agent {

// os-release is read below `rootfs`, at /etc or /usr/lib as os-release(5) says.
HostInfo read_host_info(Reader& proc, Reader& sys, Reader& rootfs);

// /proc/sys/kernel/random/boot_id. nullopt if it cannot be read.
std::optional<Uuid> read_boot_id(Reader& proc);

// gethostname(2), without the domain part being added or taken away.
std::string system_hostname();

}  // namespace chorus::agent
