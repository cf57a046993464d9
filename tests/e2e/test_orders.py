"""What an aggregator asks of real agents: collect at once, and how often."""

import json
import os
import signal

import pytest

from chorus_harness import Agent, wait_until


@pytest.fixture
def agents(fresh):
    """Two agents that would not send again for an hour."""
    slow = {"METRICS_COLLECTION_INTERVAL": "3600", "CHORUS_LOG_LEVEL": "debug"}
    with Agent(fresh, "one", environment=slow) as one, Agent(fresh, "two", environment=slow) as two:
        for agent in (one, two):
            wait_until(lambda a=agent: "Listening to the aggregator" in a.log(), 20, "a stream")
            wait_until(lambda a=agent: batches(fresh, a.hostname) == 1, 20, "the first batch")
        yield one, two


def batches(aggregator, hostname):
    """Batches of a host that are stored."""
    return int(aggregator.sql(
        "SELECT count(*) FROM monitoring.system_batches b JOIN monitoring.hosts h USING (host_id) "
        f"WHERE h.hostname = '{hostname}'")[0][0])


def test_collect_brings_new_batches_of_every_agent_within_two_seconds(fresh, agents):
    operator = fresh.token("operator")
    answer = fresh.request("POST", "/api/v1/metrics/collect", token=operator)
    assert answer.status == 202 and answer.json["hosts"] == 2
    wait_until(lambda: all(batches(fresh, a.hostname) == 2 for a in agents), 2, "new batches")
    answer = fresh.request("POST", "/api/v1/metrics/collect?hostname=two&collect_processes=false",
                           token=operator)
    assert answer.json["hosts"] == 1
    wait_until(lambda: batches(fresh, "two") == 3, 2, "a batch of the one that was asked")
    assert batches(fresh, "one") == 2
    tables = fresh.sql("SELECT count(*) FROM monitoring.process_batches b JOIN monitoring.hosts h "
                       "USING (host_id) WHERE h.hostname = 'two'")
    assert tables == [["2"]]  # not with the batch that was asked for without processes


def test_agents_listen_again_after_the_aggregator_was_killed(fresh, agents):
    operator = fresh.token("operator")
    fresh.kill()
    fresh.start()

    def both_asked():
        answer = fresh.request("POST", "/api/v1/metrics/collect", token=operator)
        return answer.status == 202 and answer.json["hosts"] == 2
    before = [batches(fresh, a.hostname) for a in agents]
    wait_until(lambda: 'chorus_aggregator_sse_clients{kind="agent"} 2' in
               fresh.get("/metrics").body.decode(), 30, "both streams")
    assert both_asked()
    wait_until(lambda: all(batches(fresh, a.hostname) > n for a, n in zip(agents, before)), 2,
               "new batches")


def test_an_interval_is_changed_from_the_aggregator_and_given_back(fresh, agents):
    operator = fresh.token("operator")

    def set_interval(seconds):
        answer = fresh.request("PATCH", "/api/v1/hosts/one", json.dumps({"interval_seconds": seconds}),
                               {"Content-Type": "application/json"}, operator)
        assert answer.status == 200, answer.body
        assert answer.json["wanted_interval_seconds"] == seconds

    def told_interval():
        return fresh.get("/api/v1/hosts/one").json["interval_seconds"]
    set_interval(1)
    wait_until(lambda: batches(fresh, "one") >= 4, 20, "batches every second")
    assert told_interval() == 1 and batches(fresh, "two") == 1
    set_interval(None)
    wait_until(lambda: told_interval() == 3600, 20, "the agent's own interval")
    for bad in (0.5, 3601, "often"):
        answer = fresh.request("PATCH", "/api/v1/hosts/one", json.dumps({"interval_seconds": bad}),
                               {"Content-Type": "application/json"}, operator)
        assert answer.status == 422, bad
    assert agents[0].stop() == 0


def test_a_signal_makes_an_agent_collect_at_once(fresh, agents):
    os.kill(agents[0].process.pid, signal.SIGUSR1)
    wait_until(lambda: batches(fresh, "one") == 2, 2, "a batch")


def test_an_agent_that_shall_not_listen_works_without(fresh):
    with Agent(fresh, "deaf", environment={"CHORUS_STREAM": "false"}) as agent:
        wait_until(lambda: batches(fresh, "deaf") > 1, 20, "batches")
        answer = fresh.request("POST", "/api/v1/metrics/collect", token=fresh.token("operator"))
        assert answer.json["hosts"] == 0
        assert agent.stop() == 0


def test_the_stream_costs_the_agent_little_memory(fresh, agents):
    for agent in agents:
        with open(f"/proc/{agent.process.pid}/status", encoding="ascii") as status:
            rss = int(next(line for line in status if line.startswith("VmRSS:")).split()[1])
        assert rss < 8 * 1024, f"{rss} kB"
