// Of the agent that is made for other distributions: Debian's libstdc++.a asks for arc4random(3) of
// glibc 2.36 in std::random_device, which this program does not use. With this one it needs 2.34.
#include <sys/random.h>

#include <cstdint>
#include <cstdlib>

extern "C" std::uint32_t arc4random() noexcept {
    std::uint32_t value = 0;
    if (getrandom(&value, sizeof value, 0) != sizeof value) std::abort();
    return value;
}
