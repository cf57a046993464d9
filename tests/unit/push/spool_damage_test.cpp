// Every damage a spool of twenty batches can have: nothing undamaged is lost, nothing crashes.
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "agent/spool/frame.h"
#include "agent/spool/spool.h"
#include "tests/unit/push/spool_fixture.h"

namespace chorus::agent {
namespace {

using testing::drain;
using testing::SpoolFixture;

constexpr std::size_t kFrames = 20;

// Twenty frames of about 400 bytes, and where each begins.
struct Sound {
    Sound() {
        for (std::size_t i = 0; i < kFrames; ++i) {
            starts.push_back(bytes.size());
            std::string payload;
            for (std::size_t k = 0; k < 350 + i; ++k) {
                payload += static_cast<char>((i * 131 + k * 29) & 0xFFU);
            }
            payloads.push_back(payload);
            bytes += encode_frame(i + 1, 1'000, payload);
        }
        starts.push_back(bytes.size());
    }
    // Those that lie whole outside of [from, to).
    std::vector<std::string> outside(std::size_t from, std::size_t to) const {
        std::vector<std::string> left;
        for (std::size_t i = 0; i < kFrames; ++i) {
            if (starts[i + 1] <= from || starts[i] >= to) left.push_back(payloads[i]);
        }
        return left;
    }
    std::string bytes;
    std::vector<std::size_t> starts;
    std::vector<std::string> payloads;
};

std::vector<std::string> payloads_of(std::string_view segment) {
    std::vector<std::string> payloads;
    for (const FramePlace& place : scan_segment(segment).frames) {
        payloads.emplace_back(*parse_frame(segment.substr(place.offset)));
    }
    return payloads;
}

TEST(SpoolDamage, CutAtEveryByte) {
    const Sound sound;
    for (std::size_t size = 0; size < sound.bytes.size(); ++size) {
        ASSERT_EQ(payloads_of(std::string_view(sound.bytes).substr(0, size)),
                  sound.outside(size, sound.bytes.size()))
            << size;
    }
    std::cout << sound.bytes.size() << " cut spools: 0 undamaged batches lost\n";
}

TEST(SpoolDamage, EachBitFlipped) {
    const Sound sound;
    std::string bytes = sound.bytes;
    for (std::size_t at = 0; at < bytes.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            const char before = bytes[at];
            bytes[at] = static_cast<char>(before ^ (1 << bit));
            ASSERT_EQ(payloads_of(bytes), sound.outside(at, at + 1)) << at << '.' << bit;
            bytes[at] = before;
        }
    }
    std::cout << 8 * bytes.size() << " spools with one bit flipped: 0 undamaged batches lost\n";
}

// As a file system does that lost what it had promised to write.
TEST(SpoolDamage, ZerosFromEveryByteOn) {
    const Sound sound;
    std::string bytes = sound.bytes;
    for (std::size_t at = bytes.size(); at-- > 0;) {
        // A frame that ends in zeros of its own may be whole all the same.
        bytes[at] = '\0';
        const auto found = payloads_of(bytes);
        const auto sure = sound.outside(at, bytes.size());
        ASSERT_GE(found.size(), sure.size()) << at;
        ASSERT_TRUE(std::equal(sure.begin(), sure.end(), found.begin())) << at;
    }
}

TEST(SpoolDamage, RubbishBehindAndBetween) {
    const Sound sound;
    std::string rubbish = "CHSFCHSF";
    for (int i = 0; i < 500; ++i) rubbish += static_cast<char>(i * 37);
    EXPECT_EQ(payloads_of(sound.bytes + rubbish), sound.payloads);
    EXPECT_EQ(payloads_of(rubbish + sound.bytes), sound.payloads);
    std::string between = sound.bytes;
    between.insert(sound.starts[7], rubbish);
    EXPECT_EQ(payloads_of(between), sound.payloads);
}

// A head that is sound by its own checksum but promises what is not there.
TEST(SpoolDamage, LyingLengthCostsOneBatch) {
    const Sound sound;
    std::string bytes = sound.bytes;
    const std::string liar = encode_frame(8, 1'000, std::string(4'000, 'x'));
    bytes.replace(sound.starts[7], kFrameHeadBytes, liar, 0, kFrameHeadBytes);
    EXPECT_EQ(payloads_of(bytes), sound.outside(sound.starts[7], sound.starts[8]));
}

// Heads without payloads, one behind the other: no byte is summed up more than a few times.
TEST(SpoolDamage, ManyHeadsAreReadInLinearTime) {
    std::string heads;
    for (std::uint64_t i = 0; i < 200'000; ++i) heads += "CHSF\x01";
    EXPECT_TRUE(scan_segment(heads).frames.empty());
    EXPECT_EQ(scan_segment(heads).damages, 1U);
}

class DamagedDirectory : public ::testing::Test, protected SpoolFixture {
  protected:
    void SetUp() override {
        for (int segment = 0; segment < 4; ++segment) {
            const auto spool = open();
            for (int i = 1; i <= 5; ++i) {
                spool->append(1, "batch " + std::to_string(segment * 5 + i));
            }
        }
    }
    std::string segment(int number) const {
        return path() + "/0000000000000000000" + std::to_string(number) + ".seg";
    }
    std::set<std::string> left() {
        const auto spool = open();
        const auto payloads = drain(*spool);
        const std::set<std::string> unique(payloads.begin(), payloads.end());
        EXPECT_EQ(unique.size(), payloads.size()) << "a batch was given twice";
        EXPECT_TRUE(spool->append(1, "new"));
        return unique;
    }
};

TEST_F(DamagedDirectory, WholeOneGivesAll) {
    EXPECT_EQ(left().size(), 20U);
}

TEST_F(DamagedDirectory, LostFileCostsItsBatchesOnly) {
    std::filesystem::remove(segment(2));
    EXPECT_EQ(left().size(), 15U);
}

TEST_F(DamagedDirectory, CopiedFileGivesItsBatchesOnce) {
    std::filesystem::copy(segment(2), segment(9));
    EXPECT_EQ(left().size(), 20U);
}

TEST_F(DamagedDirectory, SwappedFilesKeepTheOrder) {
    std::filesystem::rename(segment(1), segment(9));
    std::filesystem::rename(segment(3), segment(1));
    std::filesystem::rename(segment(9), segment(3));
    const auto spool = open();
    const auto payloads = drain(*spool);
    ASSERT_EQ(payloads.size(), 20U);
    EXPECT_EQ(payloads.front(), "batch 1");
    EXPECT_EQ(payloads.back(), "batch 20");
}

TEST_F(DamagedDirectory, DamagedPositionSendsAgainRatherThanLoses) {
    open()->remove(7);
    directory.write("spool/position", "rubbish");
    EXPECT_GE(left().size(), 13U);
}

TEST_F(DamagedDirectory, DirectoryInPlaceOfASegmentIsNoCrash) {
    std::filesystem::remove(segment(2));
    std::filesystem::create_directory(segment(2));
    EXPECT_EQ(left().size(), 15U);
}

}  // namespace
}  // namespace chorus::agent
