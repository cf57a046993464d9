"""The aggregator is away while agents go on: all their data is there afterwards, once, in order.

CHORUS_TEST_OUTAGE_SECONDS makes the outage longer than the default.
"""

import os
import random
import signal
import time

from chorus_harness import Agent, Aggregator, wait_until

AGENTS = 20
OUTAGE_SECONDS = float(os.environ.get("CHORUS_TEST_OUTAGE_SECONDS", "15"))


def stored(aggregator):
    """Times of collection by host, as they are stored."""
    rows = aggregator.sql("SELECT hostname, extract(epoch FROM ts) FROM monitoring.system_batches"
                          " JOIN monitoring.hosts USING (host_id) ORDER BY 1, 2")
    times = {}
    for hostname, moment in rows:
        times.setdefault(hostname, []).append(float(moment))
    return times


def streams(aggregator):
    """What of each (agent, epoch) was received."""
    return aggregator.sql("SELECT received::text FROM monitoring.ingest_streams")


def newest(aggregator):
    return {host: times[-1] for host, times in stored(aggregator).items()}


def test_outage_loses_nothing_and_ends_without_a_herd():
    with Aggregator() as aggregator:
        agents = [Agent(aggregator, f"host-{i}").start() for i in range(AGENTS)]
        try:
            wait_until(lambda: len(stored(aggregator)) == AGENTS, 60, "all agents to be seen")
            aggregator.kill()
            time.sleep(OUTAGE_SECONDS)
            back = time.time()
            aggregator.start()
            rates = drain(aggregator, back)
            for agent in agents:
                assert agent.stop() == 0
            times = stored(aggregator)
            for moments in times.values():
                gaps = [b - a for a, b in zip(moments, moments[1:])]
                # The outage left no hole. A busy machine lets an agent miss a moment or two; that
                # nothing is lost is told below.
                assert all(0.5 < gap < OUTAGE_SECONDS / 3 for gap in gaps), max(gaps)
            # One range from the first number on: nothing is missing between.
            ranges = [row[0] for row in streams(aggregator)]
            assert len(ranges) == AGENTS
            assert all(text.startswith("{[1,") and text.count("[") == 1 for text in ranges)
            print(f"{AGENTS} agents, {OUTAGE_SECONDS:.0f} s away: drained in"
                  f" {len(rates)} s, at most {max(rates):.0f} batches/s at {AGENTS}/s steady")
            # Each agent is paced to 20 batches an interval; all at once would be a herd of
            # OUTAGE_SECONDS * AGENTS.
            assert max(rates) <= 25 * AGENTS
        finally:
            for agent in agents:
                agent.__exit__()


def drain(aggregator, back):
    """Batches stored in each second until the backlog of every agent is empty."""
    rates, before, seen = [], 0, 0.0
    deadline = time.monotonic() + 60 + 3 * OUTAGE_SECONDS
    while time.monotonic() < deadline:
        time.sleep(1)
        count = int(aggregator.sql("SELECT count(*) FROM monitoring.system_batches")[0][0])
        now = time.monotonic()
        rates.append((count - before) / (now - seen) if before else 0)
        before, seen = count, now
        waiting = aggregator.sql(
            "SELECT max(metric_value) FROM monitoring.system_metrics WHERE metric_type ="
            " 'agent_spool_batches_count' AND timestamp > now() - interval '2 seconds'")
        fresh = newest(aggregator)
        if (len(fresh) == AGENTS and min(fresh.values()) > back
                and waiting[0][0] not in ("", None) and float(waiting[0][0]) == 0):
            return rates
    raise AssertionError("the backlog was not drained")


def test_agents_killed_during_an_outage_lose_at_most_the_batch_in_hand():
    generator = random.Random(20)
    kills = 6
    with Aggregator() as aggregator, Agent(aggregator, "killed") as agent:
        wait_until(lambda: stored(aggregator), 60, "the first batch")
        aggregator.kill()
        for _ in range(kills):
            time.sleep(generator.uniform(1.5, 4))
            assert agent.stop(signal.SIGKILL) == -signal.SIGKILL
            agent.start()
        time.sleep(2)
        waiting = agent.run("spool")
        assert waiting.returncode == 0, waiting.stderr
        assert int(waiting.stdout.splitlines()[-1].split()[0]) >= kills
        aggregator.start()
        wait_until(lambda: agent.run("spool").stdout.startswith("0 batches wait"), 60,
                   "an empty spool")
        moments = stored(aggregator)["killed"]
        assert len(moments) == len(set(moments))
        # A restart takes 0.3 s to its first batch; each kill may cost the batch in hand.
        gaps = sorted((b - a for a, b in zip(moments, moments[1:])), reverse=True)
        assert gaps[kills] < 1.9, gaps[:10]
        assert gaps[0] < 4, gaps[:10]
        for text in (row[0] for row in streams(aggregator)):
            assert text.startswith("{[1,") and text.count("[") == 1, text
