#include "agent/push/identity.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <stdexcept>

#include "tests/unit/agent/tree.h"

namespace chorus::agent {
namespace {

using testing::TemporaryTree;

TEST(AgentIdentity, IsMadeOnceAndKept) {
    const TemporaryTree tree;
    tree.write("machine-id", "0123456789abcdef0123456789abcdef\n");
    const std::string machine_id = tree.path() + "/machine-id";
    const std::string directory = tree.path() + "/state";
    EXPECT_EQ(peek_identity(directory, tree.path() + "/none"), Uuid{});
    const Uuid id = agent_identity(directory, machine_id);
    EXPECT_NE(id, Uuid{});
    EXPECT_EQ(agent_identity(directory, machine_id), id);
    EXPECT_EQ(peek_identity(directory, machine_id), id);
    // Random: machines cloned with their machine-id are still two.
    EXPECT_NE(id, derived_identity("0123456789abcdef0123456789abcdef"));
}

TEST(AgentIdentity, FileIsForItsOwnerOnly) {
    const TemporaryTree tree;
    agent_identity(tree.path() + "/state", "/none");
    struct stat info {};
    ASSERT_EQ(::stat((tree.path() + "/state/agent-id").c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST(AgentIdentity, WithoutADirectoryItFollowsTheMachineId) {
    const TemporaryTree tree;
    tree.write("machine-id", "0123456789abcdef0123456789abcdef\n");
    const std::string nowhere = tree.path() + "/no/such/parent";
    const Uuid id = agent_identity(nowhere, tree.path() + "/machine-id");
    EXPECT_EQ(id, derived_identity("0123456789abcdef0123456789abcdef"));
    EXPECT_EQ(peek_identity(nowhere, tree.path() + "/machine-id"), id);
    EXPECT_NE(id, derived_identity("0123456789abcdef0123456789abcdee"));
    // Agents that stand in no directory would all be new hosts if this changed.
    EXPECT_EQ(id.to_string(), "23272347-83da-58ef-8a82-24b300306e90");
    EXPECT_EQ(id.bytes[6] >> 4U, 5);
}

TEST(AgentIdentity, DamagedFileIsAnErrorAndNotANewIdentity) {
    const TemporaryTree tree;
    tree.write("agent-id", "not a uuid\n");
    EXPECT_THROW(agent_identity(tree.path(), "/none"), std::runtime_error);
}

TEST(AgentIdentity, NowhereToTakeItFromIsAnError) {
    const TemporaryTree tree;
    EXPECT_THROW(agent_identity(tree.path() + "/no/such", tree.path() + "/none"),
                 std::runtime_error);
}

}  // namespace
}  // namespace chorus::agent
