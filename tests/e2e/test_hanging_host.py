"""A mount whose server never answers must not delay a cycle, and hold one thread at most."""

import ctypes
import os
import threading

import pytest
from chorus_harness import Agent, Aggregator, wait_until

# It measures what the machine does, so nothing else may keep it busy.
pytestmark = pytest.mark.alone

LIBC = ctypes.CDLL(None, use_errno=True)
FORCED_AND_DETACHED = 1 | 2  # MNT_FORCE, MNT_DETACH


class StuckMount:
    """A FUSE file system nobody serves: every question to it waits for ever."""

    def __init__(self, path):
        self.path = str(path)
        self.device = os.open("/dev/fuse", os.O_RDWR)
        options = f"fd={self.device},rootmode=40000,user_id=0,group_id=0"
        if LIBC.mount(b"stuck", self.path.encode(), b"fuse", 0, options.encode()) != 0:
            error = os.strerror(ctypes.get_errno())
            os.close(self.device)
            pytest.skip(f"needs: a FUSE mount ({error})")

    def close(self):
        # Ends all waits with ENOTCONN.
        if self.device is None:
            return
        os.close(self.device)
        self.device = None
        LIBC.umount2(self.path.encode(), FORCED_AND_DETACHED)


@pytest.fixture
def stuck(tmp_path):
    if os.geteuid() != 0 or not os.path.exists("/dev/fuse"):
        pytest.skip("needs: root and /dev/fuse")
    mount = StuckMount(tmp_path)
    yield mount
    mount.close()


def latest(aggregator, name, label):
    rows = aggregator.sql(
        "SELECT metric_value FROM monitoring.system_metrics WHERE metric_type = "
        f"'{name}' AND label = '{label}' ORDER BY timestamp DESC LIMIT 1")
    return float(rows[0][0]) if rows else None


def threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def test_cycles_go_on_beside_a_stuck_mount(stuck):
    with Aggregator() as aggregator, Agent(aggregator, "stuck-01") as agent:
        batches = lambda: int(aggregator.sql(
            "SELECT count(*) FROM monitoring.system_batches")[0][0])
        wait_until(lambda: latest(aggregator, "filesystem_stuck", stuck.path) == 1, 30,
                   "the mount to be told as stuck")
        assert latest(aggregator, "filesystem_stuck", "/") == 0
        held = threads(agent.process.pid)
        before = batches()
        wait_until(lambda: batches() >= before + 10, 40, "ten further batches")
        assert threads(agent.process.pid) <= held, "one thread a cause at most"
        gaps = aggregator.sql(
            "SELECT max(gap) FROM (SELECT extract(epoch FROM ts - lag(ts) OVER (ORDER BY ts)) AS gap"
            " FROM monitoring.system_batches) AS gaps")
        worst = float(gaps[0][0])
        print(f"stuck mount: longest time between two collections of 1 s {worst:.2f} s")
        # The first question to the mount waits for its deadline once.
        assert worst < 3
        # It ends when it is told to, and the stuck thread does not hold it.
        assert agent.stop(seconds=10) == 0


def test_a_mount_that_recovers_is_asked_again(stuck):
    with Aggregator() as aggregator, Agent(aggregator, "stuck-02") as agent:
        wait_until(lambda: latest(aggregator, "filesystem_stuck", stuck.path) == 1, 30,
                   "the mount to be told as stuck")
        held = threads(agent.process.pid)
        threading.Thread(target=stuck.close).start()
        wait_until(lambda: threads(agent.process.pid) < held, 30, "its thread to come back")
