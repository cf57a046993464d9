#include "agent/procfs/support/read_faults.h"

#include <system_error>

#include "common/log.h"

namespace chorus::agent {
namespace {

constexpr Logger kReadFaultsLog{"collect"};
constexpr std::size_t kMostTold = 256;

}  // namespace

void ReadFaults::note(std::string_view file, int error) {
    ++by_errno_[error];
    if (told_.size() >= kMostTold || !told_.emplace(file, error).second) return;
    kReadFaultsLog.warning("A source cannot be read",
                           {{"file", file}, {"error", std::generic_category().message(error)}});
}

}  // namespace chorus::agent
