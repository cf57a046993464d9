// What the declaration of the columns says holds for the JSON of a batch and for openapi.json.
#include "common/batch/process_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "common/json/json_reader.h"
#include "tests/unit/codec/batch_text.h"
#include "tests/unit/codec/process_values.h"

namespace chorus {
namespace {

TEST(ProcessColumns, EachIsWrittenAndReadBack) {
    for_each_process_column([]<std::size_t I>() {
        constexpr auto column = process_column<I>();
        Batch in = test::sample_batch();
        const auto before = in.processes->rows[1].*column.member;
        test::change_column<I>(in.processes->rows[1]);
        FieldErrors errors;
        const Batch out = test::read(test::to_json(in), errors);
        ASSERT_TRUE(errors.empty()) << column.name;
        EXPECT_EQ(out.processes->rows[1].*column.member, in.processes->rows[1].*column.member)
            << column.name;
        EXPECT_NE(out.processes->rows[1].*column.member, before) << column.name;
    });
}

std::string read_file(const char* path) {
    std::ostringstream text;
    text << std::ifstream(path).rdbuf();
    return text.str();
}

// The JSON type in answers, as a schema has it.
std::string type_of(const ProcessColumnFacts& column) {
    const bool text = column.type == ColumnType::text || column.type == ColumnType::state;
    const bool real = column.type == ColumnType::real || column.shown_in_mebibytes;
    const std::string type = text ? "string" : real ? "number" : "integer";
    return column.needed ? '"' + type + '"' : "[\"" + type + "\",\"null\"]";
}

// Members of the answer that belong to the row, not to the process.
const std::set<std::string> kOthers{
    "id",        "hostname",   "network_sent_bytes", "network_recv_bytes",
    "timestamp", "created_at", "started_at"};

TEST(ProcessColumns, TheDescriptionOfTheApiHasEachWithItsType) {
    const std::string text = read_file(CHORUS_OPENAPI);
    JsonReader reader;
    const JsonValue schema = reader.parse(text)["components"]["schemas"]["ProcessMetric"];
    std::map<std::string, std::string> described, declared;
    for (const auto [name, member] : simdjson::dom::object(schema["properties"])) {
        if (!kOthers.contains(std::string(name))) {
            described.emplace(name, simdjson::minify(JsonValue(member["type"])));
        }
    }
    for (const auto& column : process_column_facts()) {
        if (column.shown) declared.emplace(column.shown_name(), type_of(column));
    }
    EXPECT_EQ(described, declared);

    std::set<std::string> required, always = kOthers;
    for (const JsonValue name : simdjson::dom::array(schema["required"])) {
        required.emplace(std::string_view(name));
    }
    for (const auto& [name, type] : declared) always.insert(name);
    EXPECT_EQ(required, always);
}

TEST(ProcessColumns, EachSaysWhatItMeans) {
    std::set<std::string_view> meanings;
    for (const auto& column : process_column_facts()) {
        EXPECT_FALSE(column.meaning.empty()) << column.name;
        EXPECT_TRUE(meanings.insert(column.meaning).second) << column.name;
    }
}

}  // namespace
}  // namespace chorus
