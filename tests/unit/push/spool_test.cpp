// Order, bounds, restarts and faults of the spool.
#include "agent/spool/spool.h"

#include <gtest/gtest.h>

#include "agent/spool/dead_letter.h"
#include "agent/spool/segment_files.h"
#include "tests/unit/push/spool_fixture.h"

namespace chorus::agent {
namespace {

using testing::drain;
using testing::SpoolFixture;
using Payloads = std::vector<std::string>;

std::string batch(int number, std::size_t size = 200) {
    std::string text = "batch " + std::to_string(number) + ' ';
    while (text.size() < size) text += static_cast<char>('a' + text.size() % 26);
    return text;
}

std::size_t segment_count(const SpoolFixture& fixture) {
    return list_segments(fixture.path()).size();
}

TEST(Crc32c, IsThatOfTheStandard) {
    EXPECT_EQ(crc32c("123456789"), 0xE3069283U);
    EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);  // RFC 3720, B.4
}

TEST(Spool, GivesBatchesInTheOrderTheyCame) {
    SpoolFixture fixture;
    const auto spool = fixture.open();
    for (int i = 1; i <= 3; ++i) ASSERT_TRUE(spool->append(1'000U + i, batch(i)));
    EXPECT_EQ(spool->size(), 3U);
    EXPECT_EQ(spool->oldest_time(), 1'001U);
    EXPECT_EQ(drain(*spool), (Payloads{batch(1), batch(2), batch(3)}));
    EXPECT_EQ(spool->size(), 0U);
    EXPECT_EQ(spool->bytes(), 0U);
}

TEST(Spool, SurvivesARestart) {
    SpoolFixture fixture;
    for (int i = 1; i <= 3; ++i) fixture.open()->append(1, batch(i));
    const auto spool = fixture.open();
    EXPECT_EQ(drain(*spool), (Payloads{batch(1), batch(2), batch(3)}));
    EXPECT_EQ(spool->lost(), 0U);
}

TEST(Spool, WhatWasRemovedDoesNotComeBack) {
    SpoolFixture fixture;
    {
        const auto spool = fixture.open();
        for (int i = 1; i <= 100; ++i) spool->append(1, batch(i));
        for (int i = 1; i <= 40; ++i) spool->remove(spool->oldest()->seq);
    }
    // At most one stride of removals is forgotten, and none out of order.
    const auto left = drain(*fixture.open());
    ASSERT_GE(left.size(), 60U);
    EXPECT_LE(left.size(), 60U + 32U);
    EXPECT_EQ(left.back(), batch(100));
}

TEST(Spool, EmptySpoolStaysEmptyAfterARestart) {
    SpoolFixture fixture;
    {
        const auto spool = fixture.open();
        for (int i = 1; i <= 3; ++i) spool->append(1, batch(i));
        drain(*spool);
    }
    EXPECT_EQ(fixture.open()->size(), 0U);
    EXPECT_EQ(segment_count(fixture), 0U);
}

TEST(Spool, NumbersAreNotGivenTwice) {
    SpoolFixture fixture;
    std::uint64_t last = 0;
    for (int i = 1; i <= 3; ++i) {
        const auto spool = fixture.open();
        spool->append(1, batch(i));
        const auto oldest = spool->oldest();
        ASSERT_TRUE(oldest);
        EXPECT_GT(oldest->seq, last);
        last = oldest->seq;
        spool->remove(last);
    }
}

TEST(Spool, OldestGoWhenTheRoomIsFull) {
    SpoolFixture fixture;
    constexpr std::uint64_t room = 256U << 10U;
    const auto spool = fixture.open(room);
    for (int i = 1; i <= 600; ++i) ASSERT_TRUE(spool->append(1, batch(i, 1'000)));
    EXPECT_LE(spool->bytes(), room);
    EXPECT_GT(spool->evicted(), 0U);
    EXPECT_EQ(spool->evicted() + spool->size(), 600U);
    const auto left = drain(*spool);
    EXPECT_EQ(left.front(), batch(601 - static_cast<int>(left.size()), 1'000));
    EXPECT_EQ(left.back(), batch(600, 1'000));
}

TEST(Spool, SmallerRoomAfterARestartIsKept) {
    SpoolFixture fixture;
    {
        const auto spool = fixture.open();
        for (int i = 1; i <= 3'000; ++i) spool->append(1, batch(i, 1'000));
    }
    const auto spool = fixture.open(1U << 20U);
    EXPECT_LE(spool->bytes(), 1U << 20U);
    EXPECT_EQ(drain(*spool).back(), batch(3'000, 1'000));
}

TEST(Spool, SecondAgentIsRefused) {
    SpoolFixture fixture;
    const auto first = fixture.open();
    EXPECT_THROW(fixture.open(), SpoolInUse);
}

TEST(Spool, DirectoryThatCannotBeMadeIsAnError) {
    SpoolFixture fixture;
    fixture.directory.write("spool", "a file");
    EXPECT_THROW(fixture.open(), std::system_error);
}

TEST(Spool, FileOfSomebodyElseIsLeftAlone) {
    SpoolFixture fixture;
    fixture.directory.write("spool/README", "hands off");
    fixture.directory.write("spool/7.seg", "no number of ours");
    const auto spool = fixture.open();
    spool->append(1, batch(1));
    EXPECT_EQ(drain(*spool), Payloads{batch(1)});
    EXPECT_TRUE(std::filesystem::exists(fixture.path() + "/README"));
    EXPECT_TRUE(std::filesystem::exists(fixture.path() + "/7.seg"));
}

TEST(Spool, SymbolicLinkIsNotFollowed) {
    SpoolFixture fixture;
    fixture.directory.write("elsewhere", "precious");
    fixture.directory.write("spool/x", "");
    std::filesystem::create_symlink(fixture.directory.path() + "/elsewhere",
                                    fixture.directory.path() + "/" + fixture.first_segment());
    const auto spool = fixture.open();
    EXPECT_EQ(spool->size(), 0U);
    spool->append(1, batch(1));
    std::ifstream file(fixture.directory.path() + "/elsewhere");
    std::string content;
    std::getline(file, content);
    EXPECT_EQ(content, "precious");
}

// After a failed fsync nobody knows what is on disk: a retried one would say that all is well.
TEST(Spool, FailedFsyncEndsTheFile) {
    SpoolFixture fixture;
    const auto spool = fixture.open();
    ASSERT_TRUE(spool->append(1, batch(1)));
    fixture.disk.calls = 0;
    fixture.disk.fail_at = 2;  // write, then fdatasync
    fixture.disk.error = EIO;
    EXPECT_FALSE(spool->append(1, batch(2)));
    fixture.disk.fail_at = 0;
    EXPECT_TRUE(spool->append(1, batch(3)));
    EXPECT_EQ(segment_count(fixture), 2U);
    EXPECT_EQ(drain(*spool), (Payloads{batch(1), batch(3)}));
}

// Each call of a run fails once. What append() took is given back, once and in order, by this run
// or by the next; what it refused is the caller's.
TEST(Spool, EachCallFailingOnceLosesNothingThatWasSafe) {
    constexpr int batches = 12;
    int runs = 0;
    for (const int error : {ENOSPC, EIO, EROFS}) {
        for (int fail_at = 1;; ++fail_at) {
            SpoolFixture fixture;
            Payloads safe, got;
            auto spool = fixture.open();
            fixture.disk.calls = 0;
            fixture.disk.fail_at = fail_at;
            fixture.disk.error = error;
            for (int i = 1; i <= batches; ++i) {
                if (spool->append(1, batch(i))) safe.push_back(batch(i));
                if (i % 4 != 0) continue;
                if (const auto oldest = spool->oldest()) {
                    got.push_back(oldest->payload);
                    spool->remove(oldest->seq);
                }
            }
            const bool failed = fixture.disk.calls >= fail_at;
            EXPECT_EQ(spool->lost(), 0U) << "call " << fail_at;
            fixture.disk.fail_at = 0;
            EXPECT_TRUE(spool->append(1, batch(99))) << "does not recover";
            safe.push_back(batch(99));
            spool.reset();
            // Removals that the position file had not yet are given again.
            for (const std::string& payload : drain(*fixture.open())) {
                if (std::find(got.begin(), got.end(), payload) == got.end()) got.push_back(payload);
            }
            EXPECT_EQ(got, safe) << "call " << fail_at;
            ++runs;
            if (!failed) break;
        }
    }
    EXPECT_GT(runs, 60);
    std::cout << runs << " runs with one failing call: 0 batches lost\n";
}

// From one call on everything fails, as on a full disk, and then works again.
TEST(Spool, FullDiskThatIsEmptiedIsUsedAgain) {
    for (int fail_at = 1; fail_at <= 12; ++fail_at) {
        SpoolFixture fixture;
        const auto spool = fixture.open();
        fixture.disk.calls = 0;
        fixture.disk.fail_at = fail_at;
        fixture.disk.fails_on = true;
        Payloads safe;
        for (int i = 1; i <= 8; ++i) {
            if (spool->append(1, batch(i))) safe.push_back(batch(i));
        }
        fixture.disk.fail_at = 0;
        for (int i = 9; i <= 12; ++i) {
            ASSERT_TRUE(spool->append(1, batch(i)));
            safe.push_back(batch(i));
        }
        EXPECT_EQ(drain(*spool), safe) << "from call " << fail_at;
    }
}

TEST(Spool, BatchOnABrokenPlaceIsSkippedAndCounted) {
    SpoolFixture fixture;
    const auto spool = fixture.open();
    for (int i = 1; i <= 3; ++i) spool->append(1, batch(i));
    std::fstream file(fixture.directory.path() + "/" + fixture.first_segment(),
                      std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(50);
    file << "XXXX";
    file.close();
    EXPECT_EQ(drain(*spool), (Payloads{batch(2), batch(3)}));
    EXPECT_EQ(spool->lost(), 1U);
}

TEST(Spool, PeekLooksAtASpoolInUse) {
    SpoolFixture fixture;
    const auto spool = fixture.open();
    for (int i = 1; i <= 3; ++i) spool->append(1, batch(i));
    DiskCalls disk;
    Payloads seen;
    EXPECT_EQ(Spool::peek(fixture.path(), disk,
                          [&](const SpooledBatch& spooled) { seen.push_back(spooled.payload); }),
              0U);
    EXPECT_EQ(seen, (Payloads{batch(1), batch(2), batch(3)}));
    EXPECT_EQ(spool->size(), 3U);
}

TEST(DeadLetter, KeepsTheNewestWithinItsRoom) {
    const testing::TemporaryTree directory;
    DiskCalls disk;
    DeadLetter letters(directory.path(), disk);
    constexpr std::size_t size = 100U << 10U;
    for (int i = 1; i <= 100; ++i) ASSERT_TRUE(letters.keep(1, batch(i, size)));
    const std::uint64_t used = bytes_on_disk(directory.path() + "/dead-letter") +
                               bytes_on_disk(directory.path() + "/dead-letter.1");
    EXPECT_LE(used, kMostDeadLetterBytes + size);
    const auto content = read_segment(disk, directory.path() + "/dead-letter");
    ASSERT_TRUE(content);
    const auto frames = scan_segment(*content).frames;
    ASSERT_FALSE(frames.empty());
    EXPECT_EQ(parse_frame(std::string_view(*content).substr(frames.back().offset)),
              batch(100, size));
}

}  // namespace
}  // namespace chorus::agent
