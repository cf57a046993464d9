#include "agent/procfs/support/boot_clock.h"

#include <ctime>

namespace chorus::agent {

std::chrono::nanoseconds SystemBootClock::since_boot() const {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return std::chrono::seconds{now.tv_sec} + std::chrono::nanoseconds{now.tv_nsec};
}

}  // namespace chorus::agent
