#include "common/compress.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <memory>

namespace chorus {
namespace {

constexpr std::size_t kLimit = 4U << 20U;

struct Format {
    const char* name;
    std::string (*compress)(std::string_view, int);
    std::string (*decompress)(std::string_view, std::size_t);
};

std::ostream& operator<<(std::ostream& out, const Format& format) {
    return out << format.name;
}

class Compress : public testing::TestWithParam<Format> {
  protected:
    static std::string packed(std::string_view raw, int level = 1) {
        return GetParam().compress(raw, level);
    }
    static std::string unpacked(std::string_view bytes, std::size_t limit = kLimit) {
        return GetParam().decompress(bytes, limit);
    }
};

INSTANTIATE_TEST_SUITE_P(Formats, Compress,
                         testing::Values(Format{"zstd", zstd_compress, zstd_decompress},
                                         Format{"gzip", gzip_compress, gzip_decompress}),
                         [](const auto& format) { return std::string(format.param.name); });

// Bytes that do not compress, the same each time.
std::string noise(std::size_t size) {
    std::string out(size, '\0');
    std::uint32_t state = 12'345;
    for (char& c : out) {
        state = state * 1'664'525U + 1'013'904'223U;
        c = static_cast<char>(state >> 24U);
    }
    return out;
}

TEST_P(Compress, WhatIsPackedIsUnpackedTheSame) {
    for (const std::string& raw : {std::string{}, std::string{"x"}, std::string(200'000, 'a'),
                                   noise(1'000), noise(300'000), std::string("a\0b", 3)}) {
        for (const int level : {1, 6}) {
            EXPECT_EQ(unpacked(packed(raw, level)), raw) << raw.size();
        }
    }
}

TEST_P(Compress, RepetitionTakesLittleRoom) {
    EXPECT_LT(packed(std::string(200'000, 'a')).size(), 1'000U);
}

TEST_P(Compress, UnpacksUpToTheLimitAndNotOneByteMore) {
    for (const std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{65'536},
                                   std::size_t{65'537}, std::size_t{1} << 20U}) {
        const std::string bytes = packed(std::string(size, 'a'));
        EXPECT_EQ(unpacked(bytes, size).size(), size);
        if (size == 0) continue;
        EXPECT_THROW(unpacked(bytes, size - 1), TooLarge) << size;
    }
}

TEST_P(Compress, ABombIsRefusedAsTooLarge) {
    const std::string bomb = packed(std::string(64U << 20U, '\0'));
    EXPECT_THROW(unpacked(bomb, 1U << 20U), TooLarge);
}

TEST_P(Compress, EveryPrefixIsDamaged) {
    const std::string bytes = packed("some text, some text, some other text" + noise(100));
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        EXPECT_THROW(unpacked(std::string_view{bytes}.substr(0, size)), DamagedInput) << size;
    }
}

TEST_P(Compress, BytesAfterTheEndAreRefused) {
    const std::string bytes = packed("text");
    EXPECT_THROW(unpacked(bytes + '\0'), DamagedInput);
    EXPECT_THROW(unpacked(bytes + "x"), DamagedInput);
    EXPECT_THROW(unpacked(bytes + bytes), DamagedInput);
}

TEST_P(Compress, AnyBitFlippedGivesAnErrorOrText) {
    const std::string raw = "some text, some text, some other text" + noise(200);
    const std::string bytes = packed(raw);
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        std::string damaged = bytes;
        damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
        try {
            EXPECT_LE(unpacked(damaged, 10'000).size(), 10'000U);
        } catch (const DamagedInput&) {
        } catch (const TooLarge&) {
        }
    }
}

TEST_P(Compress, ADamagedInputLeavesTheNextOneAlone) {
    const std::string bytes = packed(noise(5'000));
    EXPECT_THROW(unpacked(bytes.substr(0, 3'000)), DamagedInput);
    EXPECT_EQ(unpacked(bytes), noise(5'000));
}

TEST_P(Compress, WhatIsOfAnotherFormatIsRefused) {
    for (const std::string& bytes :
         {std::string{"plain text"}, std::string(1'000, '\0'), std::string{"\x78\x9C\x03"},
          GetParam().compress == zstd_compress ? gzip_compress("x") : zstd_compress("x")}) {
        EXPECT_THROW(unpacked(bytes), DamagedInput);
    }
}

TEST(Gzip, ChecksumAndLengthOfTheTrailerAreChecked) {
    const std::string bytes = gzip_compress("text");
    for (std::size_t back = 1; back <= 8; ++back) {
        std::string damaged = bytes;
        damaged[damaged.size() - back] = static_cast<char>(damaged[damaged.size() - back] ^ 1);
        EXPECT_THROW(gzip_decompress(damaged, kLimit), DamagedInput) << back;
    }
}

// Only zstd's own frames: a skippable frame holds no data of ours, and frames of versions before
// 0.8 are read by old code without our bound of the window.
TEST(Zstd, SkippableAndLegacyFramesAreRefused) {
    EXPECT_THROW(zstd_decompress(std::string{"\x50\x2A\x4D\x18\x03\0\0\0abc", 11}, kLimit),
                 DamagedInput);
    for (const char version : {'\x25', '\x26', '\x27'}) {
        std::string old = zstd_compress("text");
        old[0] = version;
        EXPECT_THROW(zstd_decompress(old, kLimit), DamagedInput);
    }
}

struct Free {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
};

// As a sender writes that streams and does not know the size in advance.
std::string streamed(std::string_view raw, int window_log) {
    const std::unique_ptr<ZSTD_CCtx, Free> context{ZSTD_createCCtx()};
    ZSTD_CCtx_setParameter(context.get(), ZSTD_c_windowLog, window_log);
    std::string out(ZSTD_compressBound(raw.size()), '\0');
    ZSTD_outBuffer to{out.data(), out.size(), 0};
    ZSTD_inBuffer from{raw.data(), raw.size(), 0};
    while (from.pos < from.size) {
        ZSTD_compressStream2(context.get(), &to, &from, ZSTD_e_continue);
    }
    EXPECT_EQ(ZSTD_compressStream2(context.get(), &to, &from, ZSTD_e_end), 0U);
    out.resize(to.pos);
    return out;
}

TEST(Zstd, AFrameWithoutItsSizeIsReadWithinTheLimit) {
    const std::string raw = noise(100'000) + std::string(1'000'000, 'a');
    const std::string bytes = streamed(raw, 17);
    ASSERT_EQ(ZSTD_getFrameContentSize(bytes.data(), bytes.size()), ZSTD_CONTENTSIZE_UNKNOWN);
    EXPECT_EQ(zstd_decompress(bytes, raw.size()), raw);
    EXPECT_THROW(zstd_decompress(bytes, raw.size() - 1), TooLarge);
}

TEST(Zstd, AFrameMayNotAskForAWindowOfMoreThanEightMebibytes) {
    const std::string raw(100'000, 'a');
    EXPECT_EQ(zstd_decompress(streamed(raw, 23), kLimit), raw);
    EXPECT_THROW(zstd_decompress(streamed(raw, 24), kLimit), DamagedInput);
}

// The frame declares 2 MiB; the block inside holds less.
TEST(Zstd, ADeclaredSizeThatIsALieIsDamage) {
    std::string bytes = zstd_compress(std::string(300, 'a'));
    // magic (4), descriptor (1), then the size less 256 in two bytes (RFC 8878, 3.1.1.1.4).
    ASSERT_EQ(static_cast<unsigned char>(bytes[4]) >> 6U, 1U);
    bytes[6] = '\x20';
    EXPECT_THROW(zstd_decompress(bytes, kLimit), DamagedInput);
}

}  // namespace
}  // namespace chorus
