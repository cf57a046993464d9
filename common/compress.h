// zstd and gzip, bounded while inflating.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>

namespace chorus {

namespace limits {
inline constexpr std::size_t kInflatedBytes = 32U << 20U;  // of a body, after inflating
}

// The compressed bytes are damaged, have something after their end, or are not of that format.
class DamagedInput : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};
// Inflating passed the limit; nothing above the limit was written or allocated.
class TooLarge : public std::runtime_error {
  public:
    using std::runtime_error::runtime_error;
};

std::string zstd_compress(std::string_view raw, int level = 1);
std::string gzip_compress(std::string_view raw, int level = 6);

// One whole frame / member, no bytes after it. Throws DamagedInput or TooLarge.
std::string zstd_decompress(std::string_view compressed, std::size_t limit_bytes);
std::string gzip_decompress(std::string_view compressed, std::size_t limit_bytes);

}  // namespace chorus
