"""The units of systemd/: as tight as they are meant to be, and the programs do their part."""

import pathlib
import re
import shutil
import signal
import socket
import subprocess

import pytest

from chorus_harness import Aggregator, wait_until

UNITS = pathlib.Path(__file__).parents[3] / "systemd"

needs_analyze = pytest.mark.skipif(not shutil.which("systemd-analyze"),
                                   reason="needs: systemd-analyze (package systemd)")


def exposure(*files):
    """What `systemd-analyze security` says of a unit with its drop-ins, 0 (best) to 10."""
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager",
                           *map(str, files)], capture_output=True, text=True, timeout=60)
    found = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    return float(found[1])


@needs_analyze
@pytest.mark.parametrize("unit, most", [("chorus-agent", 1.7), ("chorus-aggregator", 1.3)])
def test_exposure_is_low(unit, most):
    assert exposure(UNITS / f"{unit}.service") <= most


@needs_analyze
def test_exposure_with_the_right_to_see_every_process(tmp_path):
    merged = tmp_path / "merged.service"
    merged.write_text((UNITS / "chorus-agent.service").read_text()
                      + (UNITS / "process-figures.conf").read_text())
    assert exposure(UNITS / "chorus-agent.service") < exposure(merged) <= 2.3


@needs_analyze
@pytest.mark.parametrize("unit", ["chorus-agent", "chorus-aggregator"])
def test_systemd_understands_every_line(unit, tmp_path):
    text = (UNITS / f"{unit}.service").read_text()
    # The program and the manual are not installed where the tests run.
    text = re.sub(r"(?m)^ExecStart=\S+", "ExecStart=/bin/true", text)
    text = re.sub(r"(?m)^Documentation=.*\n", "", text)
    copy = tmp_path / f"{unit}.service"
    copy.write_text(text)
    done = subprocess.run(["systemd-analyze", "verify", str(copy)], capture_output=True, text=True,
                          timeout=60)
    ours = [line for line in done.stderr.splitlines() if unit in line]
    assert not ours, ours


@pytest.mark.parametrize("name", ["PrivateNetwork=yes", "PrivateUsers=yes", "ProtectHome=yes",
                                  "ProtectHome=tmpfs", "ProcSubset=pid", "ProtectProc=invisible"])
def test_the_agents_sandbox_hides_nothing_that_is_measured(name):
    lines = (UNITS / "chorus-agent.service").read_text().splitlines()
    assert name not in lines


class Manager:
    """The socket on which systemd listens for what a service says of itself."""

    def __init__(self, directory):
        self.path = str(directory / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.setblocking(False)
        self.said = []

    def heard(self, line):
        while True:
            try:
                self.said += self.socket.recv(4096).decode().splitlines()
            except BlockingIOError:
                return self.said.count(line)


@pytest.fixture
def watched(tmp_path):
    manager = Manager(tmp_path)
    aggregator = Aggregator({"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "200000",
                             "CHORUS_MAX_CONNECTIONS": "8"})
    yield manager, aggregator
    aggregator.close()
    manager.socket.close()


def test_aggregator_tells_when_it_serves_and_that_it_goes_on(watched):
    manager, aggregator = watched
    aggregator.start()
    wait_until(lambda: manager.heard("READY=1"), what="READY=1")
    wait_until(lambda: manager.heard("WATCHDOG=1") >= 3, what="WATCHDOG=1")
    aggregator.process.send_signal(signal.SIGTERM)
    assert aggregator.process.wait(30) == 0
    assert manager.heard("STOPPING=1") == 1


def test_a_server_with_all_its_connections_taken_is_not_dead(watched):
    manager, aggregator = watched
    aggregator.start()
    idle = [socket.create_connection(("127.0.0.1", aggregator.port)) for _ in range(8)]
    told = manager.heard("WATCHDOG=1")
    wait_until(lambda: manager.heard("WATCHDOG=1") >= told + 3, what="WATCHDOG=1")
    for connection in idle:
        connection.close()


def test_aggregator_without_its_database_is_not_dead(tmp_path):
    manager = Manager(tmp_path)
    aggregator = Aggregator({"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "200000"},
                            database_url="postgresql:///x?host=/nowhere")
    try:
        aggregator.start(wait_ready=False)
        wait_until(lambda: manager.heard("READY=1"), what="READY=1")
        wait_until(lambda: manager.heard("WATCHDOG=1") >= 3, what="WATCHDOG=1")
        assert aggregator.get("/ready").status == 503
    finally:
        aggregator.close()
