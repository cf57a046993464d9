#include "aggregator/http/head_parser.h"

#include <gtest/gtest.h>

namespace chorus::http {
namespace {

std::string head_of(const std::string& lines) {
    return lines + "\r\n\r\n";
}

struct BadHead {
    const char* name;
    std::string bytes;
    int status;
    const char* code;
};

class RefusedHead : public testing::TestWithParam<BadHead> {};

TEST_P(RefusedHead, IsAnsweredWithItsStatusAndCode) {
    Head head;
    const auto error = parse_head(GetParam().bytes, head);
    ASSERT_TRUE(error.has_value());
    EXPECT_EQ(error->status, GetParam().status);
    EXPECT_EQ(error->code, GetParam().code);
}

const std::string kGet = "GET / HTTP/1.1\r\nHost: x";
const std::string kPost = "POST /api HTTP/1.1\r\nHost: x";

INSTANTIATE_TEST_SUITE_P(
    HeadParser, RefusedHead,
    testing::Values(
        BadHead{"head too large", head_of(kGet + "\r\nA: " + std::string(kLargestHead, 'a')), 431,
                "header_too_large"},
        BadHead{"uri too long",
                head_of("GET /" + std::string(kLongestTarget, 'a') + " HTTP/1.1\r\nHost: x"), 414,
                "uri_too_long"},
        BadHead{"length and transfer encoding",
                head_of(kPost + "\r\nContent-Length: 3\r\nTransfer-Encoding: chunked"), 400,
                "ambiguous_length"},
        BadHead{"two lengths", head_of(kPost + "\r\nContent-Length: 3\r\nContent-Length: 4"), 400,
                "invalid_content_length"},
        BadHead{"same length twice", head_of(kPost + "\r\nContent-Length: 3\r\nContent-Length: 3"),
                400, "invalid_content_length"},
        BadHead{"negative length", head_of(kPost + "\r\nContent-Length: -3"), 400,
                "invalid_content_length"},
        BadHead{"signed length", head_of(kPost + "\r\nContent-Length: +5"), 400,
                "invalid_content_length"},
        BadHead{"hex length", head_of(kPost + "\r\nContent-Length: 0x10"), 400,
                "invalid_content_length"},
        BadHead{"length with comma", head_of(kPost + "\r\nContent-Length: 1,0"), 400,
                "invalid_content_length"},
        BadHead{"empty length", head_of(kPost + "\r\nContent-Length: "), 400,
                "invalid_content_length"},
        BadHead{"chunked", head_of(kPost + "\r\nTransfer-Encoding: chunked"), 411,
                "length_required"},
        BadHead{"bare line feed", head_of("GET / HTTP/1.1\nHost: x"), 400, "malformed_header"},
        BadHead{"folded header", head_of(kGet + "\r\nA: b\r\n c"), 400, "malformed_header"},
        BadHead{"space before colon", head_of(kGet + "\r\nA : b"), 400, "malformed_header"},
        BadHead{"no colon", head_of(kGet + "\r\njunk"), 400, "malformed_header"},
        BadHead{"nul in value", head_of(kGet + "\r\nA: b" + std::string(1, '\0')), 400,
                "malformed_header"},
        BadHead{"escape in value", head_of(kGet + "\r\nA: \x1B[2J"), 400, "malformed_header"},
        BadHead{"no host", head_of("GET / HTTP/1.1"), 400, "invalid_host"},
        BadHead{"two hosts", head_of(kGet + "\r\nHost: y"), 400, "invalid_host"},
        BadHead{"http 2 preface", head_of("PRI * HTTP/2.0"), 505, "http_version"},
        BadHead{"http 1.9", head_of("GET / HTTP/1.9\r\nHost: x"), 505, "http_version"},
        BadHead{"http 0.9", head_of("GET /"), 400, "http_version"},
        BadHead{"trace", head_of("TRACE / HTTP/1.1\r\nHost: x"), 405, "method_not_allowed"},
        BadHead{"connect", head_of("CONNECT x:1 HTTP/1.1\r\nHost: x"), 405, "method_not_allowed"},
        BadHead{"unknown method", head_of("BREW / HTTP/1.1\r\nHost: x"), 501,
                "method_not_implemented"},
        BadHead{"dot segments", head_of("GET /a/../b HTTP/1.1\r\nHost: x"), 400, "invalid_path"},
        BadHead{"encoded dots", head_of("GET /a/%2e%2E%2fb HTTP/1.1\r\nHost: x"), 400,
                "invalid_path"},
        BadHead{"encoded nul", head_of("GET /a%00 HTTP/1.1\r\nHost: x"), 400, "invalid_path"},
        BadHead{"bad percent", head_of("GET /a%2 HTTP/1.1\r\nHost: x"), 400, "invalid_path"},
        BadHead{"overlong utf-8", head_of("GET /%C0%AF HTTP/1.1\r\nHost: x"), 400, "invalid_path"},
        BadHead{"encoded slash", head_of("GET /a%2Fb HTTP/1.1\r\nHost: x"), 400, "invalid_path"},
        BadHead{"relative", head_of("GET a HTTP/1.1\r\nHost: x"), 400, "invalid_path"},
        BadHead{"bad query", head_of("GET /?a=%zz HTTP/1.1\r\nHost: x"), 400, "invalid_query"}),
    [](const auto& param_info) {
        std::string name = param_info.param.name;
        for (char& c : name) {
            if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
        }
        return name;
    });

TEST(HeadParser, ReadsMethodPathQueryAndHeaders) {
    Head head;
    const std::string bytes = head_of(
        "GET /api/v1/metrics/latest/web%2D01?start=2024-01-01T00:00:00+01:00&tags%5Bcpu%5D=cpu0 "
        "HTTP/1.1\r\nHost: x\r\nX-Thing:  padded \r\nConnection: close");
    ASSERT_EQ(head_length(bytes), bytes.size());
    ASSERT_FALSE(parse_head(bytes, head));
    EXPECT_EQ(head.request.path, "/api/v1/metrics/latest/web-01");
    ASSERT_EQ(head.request.query.size(), 2U);
    EXPECT_EQ(head.request.query[0].second, "2024-01-01T00:00:00 01:00");
    EXPECT_EQ(head.request.query[1].first, "tags[cpu]");
    EXPECT_EQ(head.request.header("x-thing"), "padded");
    EXPECT_FALSE(head.keep_alive);
}

TEST(HeadParser, Http10ClosesUnlessAskedNotTo) {
    Head plain, kept;
    ASSERT_FALSE(parse_head(head_of("GET / HTTP/1.0"), plain));
    EXPECT_FALSE(plain.keep_alive);
    ASSERT_FALSE(parse_head(head_of("GET / HTTP/1.0\r\nConnection: Keep-Alive"), kept));
    EXPECT_TRUE(kept.keep_alive);
}

TEST(HeadParser, IncompleteHeadIsWaitedForUntilItCannotBecomeGood) {
    EXPECT_EQ(head_length("GET / HTTP/1.1\r\nHost: x\r\n"), 0U);
    EXPECT_FALSE(check_incomplete_head("GET / HTTP/1.1\r\nHo"));
    EXPECT_EQ(check_incomplete_head("GET / HTTP/1.1\r\n" + std::string(kLargestHead, 'a'))->status,
              431);
    EXPECT_EQ(check_incomplete_head("GET /" + std::string(kLongestTarget + 99, 'a'))->status, 414);
    EXPECT_EQ(check_incomplete_head("GET /\r\n")->code, "http_version");
    EXPECT_EQ(check_incomplete_head("GET / HTTP/1.1\nHost: x\n")->code, "malformed_header");
}

TEST(HeadParser, NoBytesCrashIt) {
    const std::string good = head_of(kPost + "\r\nContent-Length: 3\r\nExpect: 100-continue");
    for (std::size_t at = 0; at < good.size(); ++at) {
        for (int byte = 0; byte < 256; byte += 3) {
            std::string mutated = good;
            mutated[at] = static_cast<char>(byte);
            Head head;
            const std::size_t length = head_length(mutated);
            if (length > 0) {
                parse_head(std::string_view{mutated}.substr(0, length), head);
            } else {
                check_incomplete_head(mutated);
            }
        }
    }
}

}  // namespace
}  // namespace chorus::http
