#include "agent/procfs/support/deadline_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "agent/process/process_scanner.h"
#include "tests/unit/agent/samples.h"

namespace chorus::agent {
namespace {

using testing::Machine;
using testing::TemporaryTree;
using namespace std::chrono_literals;

TEST(DeadlineReader, ReadsLikeAnyOther) {
    const TemporaryTree tree;
    tree.write("cmdline", std::string("a\0b\0", 4));
    DeadlineReader reader(DeadlineReader::files_below(tree.path()), 10s);
    for (int i = 0; i < 3; ++i) {
        const auto file = reader.read("cmdline");
        EXPECT_EQ(file.error, 0);
        EXPECT_EQ(file.text, std::string("a\0b\0", 4));
    }
    EXPECT_EQ(reader.read("none").error, ENOENT);
}

TEST(DeadlineReader, MayEndWithoutHavingRead) {
    const DeadlineReader reader(DeadlineReader::files_below("/proc"), 1s);
}

// The command line of one process, which hangs as long as the gate is shut; all others answer.
class HangingFile {
  public:
    DeadlineReader::ReadFile reader(const std::string& hanging) {
        return [gate = gate_, hanging](const std::string& path) {
            std::unique_lock lock(gate->mutex);
            ++gate->reads;
            if (path == hanging) gate->opened.wait(lock, [&] { return gate->open; });
            return DeadlineReader::Result{.text = std::string("ok\0", 3), .error = 0};
        };
    }
    void open() {
        const std::lock_guard lock(gate_->mutex);
        gate_->open = true;
        gate_->opened.notify_all();
    }
    int reads() {
        const std::lock_guard lock(gate_->mutex);
        return gate_->reads;
    }

  private:
    struct Gate {
        std::mutex mutex;  // protects the members below
        std::condition_variable opened;
        bool open = false;
        int reads = 0;
    };
    std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};

TEST(DeadlineReader, HangingFileFailsAndHoldsOneThreadAndReadingGoesOnLater) {
    HangingFile file;
    DeadlineReader reader(file.reader("stuck"), 50ms);
    EXPECT_EQ(reader.read("stuck").error, ETIMEDOUT);
    for (int i = 0; i < 100; ++i) EXPECT_EQ(reader.read("fine").error, EBUSY);
    EXPECT_EQ(file.reads(), 1);
    file.open();
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (reader.read("fine").error != 0 && std::chrono::steady_clock::now() < until) {
    }
    EXPECT_EQ(reader.read("fine").text, std::string("ok\0", 3));
}

TEST(DeadlineReader, OfManyFilesThoseBeforeOneThatHangsAreRead) {
    HangingFile file;
    const auto read_for_nobody = std::make_shared<std::atomic<bool>>(false);
    DeadlineReader reader(
        [=, read = file.reader("stuck")](const std::string& path) {
            if (path == "behind") *read_for_nobody = true;
            return read(path);
        },
        300ms);
    const auto errors = [&](std::vector<std::string> paths) {
        std::vector<int> list;
        for (const auto& result : reader.read_all(std::move(paths))) list.push_back(result.error);
        return list;
    };
    EXPECT_TRUE(errors({}).empty());
    EXPECT_EQ(errors({"a", "b"}), (std::vector{0, 0}));
    EXPECT_EQ(errors({"a", "stuck", "behind"}), (std::vector{0, ETIMEDOUT, EBUSY}));
    EXPECT_EQ(errors({"a", "b"}), (std::vector{EBUSY, EBUSY}));
    file.open();
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (errors({"c"})[0] != 0 && std::chrono::steady_clock::now() < until) {
    }
    EXPECT_EQ(errors({"c"}), std::vector{0});
    EXPECT_FALSE(*read_for_nobody);
}

// Slow is not hanging.
TEST(DeadlineReader, TheDeadlineIsForEachFile) {
    DeadlineReader reader(
        [](const std::string&) {
            std::this_thread::sleep_for(30ms);
            return DeadlineReader::Result{.text = "ok", .error = 0};
        },
        400ms);
    for (const auto& file : reader.read_all(std::vector<std::string>(30, "x"))) {
        EXPECT_EQ(file.error, 0);
    }
}

// The process itself is told all the same: the kernel answers for its other files.
TEST(DeadlineReader, HangingProcessCostsCommandLinesOnly) {
    Machine machine;
    HangingFile file;
    ProcessScanner scanner(machine.proc, machine.faults, UserNames([](uid_t) { return ""; }),
                           Machine::kInterval, {}, {}, file.reader("812/cmdline"));
    for (int i = 0; i < 4; ++i) {
        const auto table = scanner.scan({}, {});
        ASSERT_EQ(table.rows.size(), 9U);
        for (const auto& row : table.rows) {
            EXPECT_EQ(row.cmdline, row.pid < 812 ? "ok" : "") << row.pid;
        }
    }
    EXPECT_EQ(machine.faults.by_errno().at(ETIMEDOUT), 1U);
    EXPECT_GT(machine.faults.by_errno().at(EBUSY), 0U);
    // Those behind it have lost no try meanwhile.
    file.open();
    const auto is_known = [](const ProcessSample& row) { return row.cmdline == "ok"; };
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (!std::ranges::all_of(scanner.scan({}, {}).rows, is_known)) {
        ASSERT_LT(std::chrono::steady_clock::now(), until);
    }
}

}  // namespace
}  // namespace chorus::agent
