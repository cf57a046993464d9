// Values go to PostgreSQL and come back unchanged.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "aggregator/postgres/pg_types.h"
#include "test_database.h"

namespace chorus::store {
namespace {

// One row as COPY has it: the number of its fields, and each with its length.
std::string encoded(const Parameters& fields) {
    std::string row;
    pg::append(row, static_cast<std::int16_t>(fields.size()));
    for (const auto& value : fields.values()) {
        pg::append(row, value ? static_cast<std::int32_t>(value->size()) : -1);
        row += value.value_or("");
    }
    return row;
}

class Values : public testing::Test {
  protected:
    TestDatabase test_database_;
    Database database_{test_database_.options()};
    Database::Lease session_{database_.acquire()};
};

TEST_F(Values, NumbersKeepEveryBit) {
    for (const double value :
         {0.1, -0.0, 5e-324, 1.7976931348623157e308, std::numeric_limits<double>::infinity()}) {
        const auto rows = session_->execute_once("SELECT $1::float8", Parameters{}.float8(value));
        EXPECT_EQ(rows[0].float8(0), value);
        EXPECT_EQ(std::signbit(rows[0].float8(0)), std::signbit(value));
    }
    const auto nan = session_->execute_once(
        "SELECT $1::float8", Parameters{}.float8(std::numeric_limits<double>::quiet_NaN()));
    EXPECT_TRUE(std::isnan(nan[0].float8(0)));
    for (const auto value : {std::numeric_limits<std::int64_t>::min(), std::int64_t{-1},
                             std::numeric_limits<std::int64_t>::max()}) {
        const auto rows = session_->execute_once("SELECT $1::int8", Parameters{}.int8(value));
        EXPECT_EQ(rows[0].int8(0), value);
    }
    const auto rows = session_->execute_once("SELECT 12.3::real, 7::smallint, 8::int");
    EXPECT_EQ(rows[0].float8(0), 12.3);
    EXPECT_EQ(rows[0].int4(1), 7);
    EXPECT_EQ(rows[0].int8(2), 8);
}

TEST_F(Values, TimesKeepMicrosecondsWhateverTheServersZone) {
    session_->execute_script("SET TimeZone = 'Asia/Kolkata'");
    for (const auto* text : {"1970-01-01T00:00:00Z", "1999-12-31T23:59:59.999999Z",
                             "2026-01-02T03:04:05.123456Z", "9999-12-31T23:59:59.000001Z"}) {
        const auto rows = session_->execute_once("SELECT $1::timestamptz, $2::text::timestamptz",
                                                 Parameters{}.timestamp(at(text)).text(text));
        EXPECT_EQ(rows[0].timestamp(0), at(text));
        EXPECT_EQ(rows[0].timestamp(1), at(text));
    }
    const auto ends = session_->execute_once(
        "SELECT 'infinity'::timestamptz, '-infinity'::timestamptz, $1 = 'infinity'::timestamptz",
        Parameters{}.timestamp(Timestamp::max()));
    EXPECT_EQ(ends[0].timestamp(0), Timestamp::max());
    EXPECT_EQ(ends[0].timestamp(1), Timestamp::min());
    EXPECT_TRUE(ends[0].boolean(2));
    using namespace std::chrono;
    const sys_days day{year{2026} / 2 / 28};
    const auto rows =
        session_->execute_once("SELECT $1::date, $1::date::text, ($2::interval)::text",
                               Parameters{}.date(day).interval(seconds{90}));
    EXPECT_EQ(rows[0].date(0), day);
    EXPECT_EQ(rows[0].text(1), "2026-02-28");
    EXPECT_EQ(rows[0].text(2), "00:01:30");
}

TEST_F(Values, NullIsNeverZero) {
    const auto rows = session_->execute_once(
        "SELECT $1::int8, $2::float8, $3::text, $4::timestamptz, $5::uuid, $6::bool, $7::bytea",
        Parameters{}
            .int8(std::nullopt)
            .float8(std::nullopt)
            .text(std::nullopt)
            .timestamp(std::nullopt)
            .uuid(std::nullopt)
            .boolean(std::nullopt)
            .bytea(std::nullopt));
    for (int column = 0; column < 7; ++column) EXPECT_TRUE(rows[0].is_null(column));
    EXPECT_EQ(rows[0].optional_int8(0), std::nullopt);
    EXPECT_EQ(rows[0].optional_float8(1), std::nullopt);
    EXPECT_THROW((void)rows[0].int8(0), std::logic_error);
    EXPECT_THROW((void)rows[0].float8(1), std::logic_error);
}

TEST_F(Values, TextBytesAndIdentifiers) {
    const std::string bytes{"\0\xff'\\", 4};
    const auto id = Uuid::parse("00112233-4455-6677-8899-aabbccddeeff");
    const auto rows = session_->execute_once(
        "SELECT $1::text, $2::bytea, $3::uuid, $3::uuid::text, $4::jsonb, $5::bool",
        Parameters{}
            .text("naïve $1 ' \" \\")
            .bytea(bytes)
            .uuid(id)
            .json(R"({"a": 1})")
            .boolean(true));
    EXPECT_EQ(rows[0].text(0), "naïve $1 ' \" \\");
    EXPECT_EQ(rows[0].bytea(1), bytes);
    EXPECT_EQ(rows[0].uuid(2), id);
    EXPECT_EQ(rows[0].text(3), "00112233-4455-6677-8899-aabbccddeeff");
    EXPECT_EQ(rows[0].text(4), R"({"a": 1})");
    EXPECT_TRUE(rows[0].boolean(5));
    EXPECT_THROW((void)rows[0].int8(0), std::logic_error);
}

TEST_F(Values, ArraysWithAndWithoutNulls) {
    using testing::ElementsAre;
    using testing::IsEmpty;
    const double nan = std::numeric_limits<double>::quiet_NaN();
    const std::vector<double> doubles{1.5, nan};
    const std::vector<std::optional<std::int64_t>> maybe{1, std::nullopt, 3};
    const std::vector<std::string> texts{"a,b", "", "{}\""};
    const std::vector<Uuid> ids{*Uuid::parse("00112233-4455-6677-8899-aabbccddeeff"), Uuid{}};
    const auto rows = session_->execute_once(
        "SELECT $1::float8[], $1::float8[] IS NOT DISTINCT FROM ARRAY[1.5, NULL]::float8[],"
        " $2::int8[], $3::text[], $4::uuid[]::text[], $5::int4[], ARRAY[1.1, 2.5]::real[], "
        "$6::jsonb[]",
        Parameters{}
            .float8_array_nan_is_null(doubles)
            .int8_array(std::span{maybe})
            .text_array(texts)
            .uuid_array(ids)
            .int4_array(std::span<const std::int32_t>{})
            .json_array(std::vector<std::string>{"{}", R"({"k": "v"})"}));
    EXPECT_THAT(rows[0].float8_array(0), ElementsAre(1.5, testing::IsNan()));
    EXPECT_TRUE(rows[0].boolean(1));
    EXPECT_THAT(rows[0].int8_array(2), ElementsAre(1, std::nullopt, 3));
    EXPECT_THAT(rows[0].text_array(3), ElementsAre("a,b", "", "{}\""));
    EXPECT_THAT(rows[0].text_array(4), ElementsAre(ids[0].to_string(), ids[1].to_string()));
    EXPECT_THAT(rows[0].int8_array(5), IsEmpty());
    EXPECT_THAT(rows[0].float8_array(6), ElementsAre(1.1, 2.5));
    EXPECT_THAT(rows[0].text_array(7), ElementsAre("{}", R"({"k": "v"})"));
}

TEST_F(Values, CopyStoresRowsInBinary) {
    session_->execute_script("CREATE TABLE public.copied (n int8, word text, at timestamptz)");
    {
        Transaction transaction{*session_};
        CopyIn copy{*session_, "public.copied (n, word, at)"};
        for (std::int64_t n = 0; n < 5'000; ++n) {
            copy.encoded_rows(encoded(
                Parameters{}
                    .int8(n)
                    .text(n % 2 == 0 ? std::optional<std::string_view>{"even"} : std::nullopt)
                    .timestamp(at("2026-01-02T03:04:05.123456Z"))));
        }
        EXPECT_EQ(copy.finish(), 5'000);
        transaction.commit();
    }
    const auto rows = session_->execute_once(
        "SELECT count(*), sum(n)::int8, count(word), max(at) FROM public.copied");
    EXPECT_EQ(rows[0].int8(0), 5'000);
    EXPECT_EQ(rows[0].int8(1), 12'497'500);
    EXPECT_EQ(rows[0].int8(2), 2'500);
    EXPECT_EQ(rows[0].timestamp(3), at("2026-01-02T03:04:05.123456Z"));
}

TEST_F(Values, CopyThatIsGivenUpStoresNothing) {
    session_->execute_script("CREATE TABLE public.copied (n int8)");
    {
        Transaction transaction{*session_};
        CopyIn copy{*session_, "public.copied (n)"};
        copy.encoded_rows(encoded(Parameters{}.int8(1)));
    }
    {
        Transaction transaction{*session_};
        CopyIn copy{*session_, "public.copied (n)"};
        copy.encoded_rows(encoded(Parameters{}.text("four bytes?")));
        EXPECT_THROW(copy.finish(), DatabaseError);
    }
    EXPECT_TRUE(session_->healthy());
    EXPECT_FALSE(session_->in_transaction());
    EXPECT_EQ(session_->execute_once("SELECT count(*) FROM public.copied")[0].int8(0), 0);
}

}  // namespace
}  // namespace chorus::store
