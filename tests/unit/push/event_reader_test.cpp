#include "agent/push/event_reader.h"

#include <gtest/gtest.h>

#include <vector>

namespace chorus::agent {
namespace {

constexpr std::string_view kStream =
    "retry: 3000\n\nevent: config\r\ndata: {\"a\":1}\r\n\r\n: ping\n\n"
    "id: 7\nevent:collect_now\ndata: one\ndata: two\n\nevent: nothing\n\ndata: rest";

std::vector<std::string> events_of(std::string_view text, std::size_t piece) {
    std::vector<std::string> events;
    EventReader reader([&](std::string_view name, std::string_view data) {
        events.push_back(std::string(name) + '|' + std::string(data));
    });
    for (std::size_t at = 0; at < text.size(); at += piece) {
        EXPECT_TRUE(reader.feed(text.substr(at, piece)));
    }
    return events;
}

TEST(EventReader, ReadsTheSameHoweverTheBytesAreCut) {
    const std::vector<std::string> expected{"config|{\"a\":1}", "collect_now|one\ntwo"};
    for (std::size_t piece = 1; piece <= kStream.size(); ++piece) {
        EXPECT_EQ(events_of(kStream, piece), expected) << "pieces of " << piece;
    }
}

TEST(EventReader, RefusesEndlessLinesAndEvents) {
    EventReader lines([](auto, auto) {});
    EXPECT_FALSE(lines.feed(std::string(EventReader::kLongestLine + 1, 'x')));
    EventReader events([](auto, auto) {});
    bool taken = true;
    for (int i = 0; taken && i < 1'000; ++i) taken = events.feed("data: 0123456789012345\n");
    EXPECT_FALSE(taken);
}

}  // namespace
}  // namespace chorus::agent
