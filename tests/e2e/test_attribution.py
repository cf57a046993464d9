"""Processes that live for a few milliseconds appear in no table; their CPU time does."""

import statistics
import subprocess
import sys

import pytest

from chorus_harness import Agent, Aggregator, wait_until

# It measures what the machine does, so nothing else may keep it busy.
pytestmark = pytest.mark.alone

STORM = """
import os
while True:
    child = os.posix_spawn("/bin/sh", ["sh", "-c", "i=0; while [ $i -lt 800 ]; do i=$((i+1)); done"],
                           os.environ)
    os.waitpid(child, 0)
"""
SAMPLES = 8


@pytest.fixture(scope="module")
def stormy():
    with Aggregator() as aggregator:
        storm = subprocess.Popen([sys.executable, "-c", STORM])
        try:
            with Agent(aggregator, "stormy", environment={"METRICS_COLLECTION_INTERVAL": "2"}):
                wait_until(lambda: len(values(aggregator, "agent_attributed_cpu_percent")) > SAMPLES,
                           60, "samples")
            yield aggregator
        finally:
            storm.kill()
            storm.wait()


def values(aggregator, metric):
    rows = aggregator.get(f"/api/v1/metrics/system?hostname=stormy&metric_type={metric}&limit=100")
    return [row["metric_value"] for row in rows.json]


def test_time_of_short_lived_processes_is_attributed(stormy):
    # The oldest one spans 0.3 s, in which a tick is three points.
    errors = [abs(value - 100) for value in values(stormy, "agent_attributed_cpu_percent")[:-1]]
    assert len(errors) >= SAMPLES
    print("attribution errors in points:", sorted(round(error, 1) for error in errors))
    assert statistics.median(errors) < 3
    assert sorted(errors)[-2] < 6


def test_forks_are_counted(stormy):
    assert statistics.median(values(stormy, "system_forks_per_sec")) > 50
