"""Two machines from one image that had run once: one agent id, one token, own host names."""

import os
import re
import shutil

import pytest
from chorus_harness import Agent, Aggregator, wait_until


@pytest.fixture
def aggregator():
    with Aggregator(environment={"ALERT_CHECK_INTERVAL": "10"}) as server:
        yield server


def batches(aggregator):
    return int(aggregator.sql("SELECT count(*) FROM monitoring.system_batches")[0][0])


def copy_of(aggregator, agent, hostname):
    """A machine with a copy of that agent's disk."""
    copy = Agent(aggregator, hostname, token=agent.token)
    state = copy.environment["CHORUS_SPOOL_DIR"]
    os.mkdir(state)
    shutil.copy(agent.environment["CHORUS_SPOOL_DIR"] + "/agent-id", state)
    return copy


def test_the_one_that_came_later_is_refused_and_told(aggregator):
    with Agent(aggregator, "image-01") as first:
        wait_until(lambda: batches(aggregator) >= 2, 30, "the first one's batches")
        with copy_of(aggregator, first, "image-02") as second:
            wait_until(lambda: "another machine sends with this agent's identity" in second.log(),
                       30, "the refusal")
            before = batches(aggregator)
            wait_until(lambda: batches(aggregator) >= before + 3, 30, "more of the first one")
            assert [host["hostname"] for host in aggregator.get("/api/v1/hosts").json] == [
                "image-01"]
            assert "another machine" not in first.log()

            alert = wait_until(lambda: next(
                (alert for alert in aggregator.get("/api/v1/alerts").json
                 if alert["alert_type"] == "agent_cloned"), None), 60, "an alert")
            assert alert["title"] == "Two machines report as image-01"
            assert "image-02" in alert["description"]

            status = second.run("status")
            assert status.returncode == 69
            assert re.search(r"^BAD  delivery .*delete agent-id", status.stdout, re.M)
            state = second.environment["CHORUS_SPOOL_DIR"]
            assert not os.path.exists(state + "/dead-letter")

            # As the guide says; with an identity of its own it is a host of its own.
            second.stop()
            shutil.rmtree(state)
            second.environment["CHORUS_AGENT_TOKEN"] = aggregator.token(name="image-02")
            second.start()
            wait_until(lambda: sorted(
                host["hostname"] for host in aggregator.get("/api/v1/hosts").json) == [
                    "image-01", "image-02"], 30, "both hosts")


def test_a_machine_that_is_renamed_goes_on(aggregator):
    with Agent(aggregator, "before") as agent:
        wait_until(lambda: batches(aggregator) >= 2, 30, "batches")
        agent.stop()
        agent.environment["CHORUS_HOSTNAME"] = "after"
        agent.start()
        wait_until(lambda: batches(aggregator) >= 5, 30, "more batches")
        assert [host["hostname"] for host in aggregator.get("/api/v1/hosts").json] == ["after"]
        assert "does not take batches" not in agent.log()
