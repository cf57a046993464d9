// Compressed bodies. The first byte chooses: 'g' gzip, others zstd.
#include "common/compress.h"
#include "tests/fuzz/support.h"

using namespace chorus;
using namespace chorus::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    constexpr std::size_t limit = 1U << 20U;
    auto text = text_of(data, size);
    const bool gzip = take_choice(text) == 'g';
    try {
        const auto raw = gzip ? gzip_decompress(text, limit) : zstd_decompress(text, limit);
        require(raw.size() <= limit, "the limit holds");
    } catch (const DamagedInput&) {
    } catch (const TooLarge&) {
    }
    const auto packed = gzip ? gzip_compress(text) : zstd_compress(text);
    const auto again = gzip ? gzip_decompress(packed, limit) : zstd_decompress(packed, limit);
    require(again == text, "what is packed is unpacked the same");
    return 0;
}
