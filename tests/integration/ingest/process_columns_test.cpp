// Every column of a process on its way from the batch to the answer.
#include "common/batch/process_columns.h"

#include "aggregator/history/processes/process_reader.h"
#include "tests/integration/ingest/ingest_fixture.h"

namespace chorus::ingest {
namespace {

TEST_F(IngestTest, EachColumnOfAProcessIsReadBackAsItWasSent) {
    Batch sent = batch(1, 1);
    ProcessSample& all = sent.processes->rows[0];
    all.container_id = "0123456789ab";
    all.cmdline = "/sbin/init splash";
    ASSERT_EQ(aggregator.send(sent), IngestResult::stored);
    const store::ProcessReader reader{database.pool()};
    // Once unfolded with its table, once picked by its name.
    const auto table = reader.at(sent.hostname, sent.time);
    store::ProcessQuery query;
    query.process_name = all.name;
    const auto found = reader.find(query);
    ASSERT_TRUE(table && table->rows.size() == 2 && found.size() == 1);
    for_each_process_column([&]<std::size_t I>() {
        constexpr auto column = process_column<I>();
        if (!column.shown) return;
        using Value = std::remove_reference_t<decltype(all.*column.member)>;
        EXPECT_NE(all.*column.member, Value{}) << column.name << " is not in the sample";
        EXPECT_EQ(table->rows[0].process.*column.member, all.*column.member) << column.name;
        EXPECT_EQ(found[0].process.*column.member, all.*column.member) << column.name;
        EXPECT_EQ(table->rows[1].process.*column.member, sent.processes->rows[1].*column.member)
            << column.name;
    });
}

}  // namespace
}  // namespace chorus::ingest
