"""A host of very many processes: the agent does less rather than grow."""

import shutil

import pytest
from chorus_harness import Agent, Aggregator, wait_until

# It measures what the machine does, so nothing else may keep it busy.
pytestmark = pytest.mark.alone

PROCESSES = 20_000


@pytest.fixture
def large_proc(tmp_path, request):
    root = tmp_path / "proc"
    shutil.copytree(request.config.rootpath / "fixtures/server/proc", root)
    for directory in root.iterdir():
        if directory.name.isdigit():
            shutil.rmtree(directory)
    for pid in range(1, PROCESSES + 1):
        directory = root / str(pid)
        directory.mkdir()
        (directory / "stat").write_text(
            f"{pid} (worker-{pid % 1000}) S 1 {pid} {pid} 0 -1 4194560 1000 0 5 0 {pid % 977} 7 0 0"
            f" 20 0 4 0 {7_000 + pid} 50000000 {1_000 + pid % 5000} 0" + " 0" * 27 + "\n")
        (directory / "cmdline").write_text(f"/usr/bin/worker\0--number\0{pid}\0" + "x" * 300 + "\0")
    return root


def test_above_its_memory_limit_the_agent_tells_of_fewer(large_proc):
    with Aggregator() as aggregator, Agent(aggregator, "large-01", environment={
            "CHORUS_PROCFS": str(large_proc), "CHORUS_MEMORY_LIMIT_MB": "16",
            "CHORUS_PROCESS_LIMIT": "1000"}) as agent:
        def newest():
            rows = aggregator.sql("SELECT scanned, cardinality(refs), other_count FROM"
                                  " monitoring.process_batches ORDER BY ts DESC LIMIT 1")
            return [int(value) for value in rows[0]] if rows else None

        wait_until(lambda: newest() == [PROCESSES, 1_000, PROCESSES - 1_000], 60, "a whole table")
        wait_until(lambda: "fewer processes are told of" in agent.log(), 60, "the warning")
        wait_until(lambda: newest() == [PROCESSES, 500, PROCESSES - 500], 30, "a smaller table")
        assert agent.log().count("fewer processes are told of") == 1
