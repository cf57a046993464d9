"""The agent under a service manager: what it tells, and the configuration read again."""

import json
import signal
import socket
import subprocess
import time

import pytest
from agent_probe import agent_path, clean_environment


class Daemon:
    """A running agent whose aggregator is away, and the socket of its service manager."""

    def __init__(self, directory, **environment):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(directory / "notify"))
        self.socket.settimeout(20)
        self.config = directory / "agent.conf"
        self.write_config(interval=1)
        self.log_path = directory / "log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [agent_path(), "--config", str(self.config)], cwd=directory, stderr=log,
                stdout=log, stdin=subprocess.DEVNULL,
                env={**clean_environment(), "NOTIFY_SOCKET": str(directory / "notify"),
                     "CHORUS_AGENT_TOKEN": "chorus_agent_x", "CHORUS_LOG_FORMAT": "json",
                     "CHORUS_SPOOL_DIR": str(directory / "state"),
                     "CHORUS_AGGREGATOR_URL": "http://127.0.0.1:1", **environment})

    def write_config(self, interval):
        self.config.write_text(f"metrics-collection-interval = {interval}\n")

    def told(self):
        return self.socket.recv(4096).decode()

    def wait_told(self, text, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            message = self.told()
            if text in message:
                return message
        raise AssertionError(f"{text} was not told")

    def wait_logged(self, event, seconds=20):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for line in self.log_path.read_text().splitlines():
                record = json.loads(line)
                if record["event"] == event:
                    return record
            time.sleep(0.02)
        raise AssertionError(f"{event} was not logged")

    def end(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.socket.close()


@pytest.fixture
def daemon(tmp_path):
    started = []

    def start(**environment):
        started.append(Daemon(tmp_path, **environment))
        return started[-1]
    yield start
    for one in started:
        one.end()


def test_service_manager_is_told_of_start_and_stop(daemon):
    agent = daemon()
    assert "STATUS=0 batches stored" in agent.wait_told("READY=1")
    agent.process.send_signal(signal.SIGTERM)
    agent.wait_told("STOPPING=1")
    assert agent.process.wait(10) == 0


def test_watchdog_is_fed_while_the_agent_waits(daemon):
    agent = daemon(WATCHDOG_USEC="400000")
    agent.write_config(interval=3600)
    agent.wait_told("READY=1")
    agent.process.send_signal(signal.SIGHUP)  # from here on it waits for an hour
    agent.wait_logged("Configuration was read again")
    agent.wait_told("READY=1")
    for _ in range(5):
        assert agent.told() == "WATCHDOG=1"


def test_watchdog_of_another_process_is_not_fed(daemon):
    agent = daemon(WATCHDOG_USEC="400000", WATCHDOG_PID="1")
    for _ in range(3):
        assert "WATCHDOG" not in agent.told()


def test_stopped_agent_feeds_no_watchdog(daemon):
    agent = daemon(WATCHDOG_USEC="200000")
    agent.wait_told("WATCHDOG=1")
    agent.process.send_signal(signal.SIGSTOP)
    agent.socket.settimeout(1)
    with pytest.raises(TimeoutError):
        while True:
            agent.told()
    agent.process.send_signal(signal.SIGCONT)
    agent.socket.settimeout(20)
    agent.wait_told("WATCHDOG=1")


def test_sighup_reads_the_configuration_again(daemon):
    agent = daemon()
    assert agent.wait_logged("Agent started")["interval_seconds"] == 1
    agent.wait_told("READY=1")
    agent.write_config(interval=7)
    agent.process.send_signal(signal.SIGHUP)
    agent.wait_told("RELOADING=1")
    agent.wait_logged("Configuration was read again")
    agent.wait_told("READY=1")
    intervals = [json.loads(line)["interval_seconds"]
                 for line in agent.log_path.read_text().splitlines() if "Agent started" in line]
    assert intervals == [1, 7]
    # What waited is not lost.
    assert "wait in the spool" in agent.log_path.read_text()


def test_mistake_in_the_new_configuration_leaves_the_old_one(daemon):
    agent = daemon()
    agent.wait_told("READY=1")
    agent.write_config(interval="often")
    agent.process.send_signal(signal.SIGHUP)
    fault = agent.wait_logged("Configuration is not used")["fault"]
    assert "metrics-collection-interval" in fault
    agent.wait_told("READY=1")
    assert agent.process.poll() is None
