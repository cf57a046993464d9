"""`chorus-aggregator quickstart`: one command to a monitor that watches this machine, and no rest."""

import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile

import psutil
import pytest

from chorus_harness import BIN, http_get, psql, redis_cli, wait_until


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Quickstart:
    def __init__(self, directory, *arguments, port=None):
        self.data = pathlib.Path(directory) / "data"
        self.port = port or free_port()
        self.arguments = ["--data-dir", str(self.data), "--port", str(self.port), *arguments]
        self.output = pathlib.Path(directory) / "output"
        self.process = None
        self.children = []

    def start(self, welcome=True):
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [os.path.join(BIN, "chorus-aggregator"), "quickstart", *self.arguments],
                env={**os.environ, "METRICS_COLLECTION_INTERVAL": "1"}, stdin=subprocess.DEVNULL,
                stdout=output, stderr=output)
        if welcome:
            wait_until(lambda: "Ctrl-C stops everything" in self.text()
                       or self.process.poll() is not None, 60, "the welcome")
            assert self.process.poll() is None, self.text()
            self.children = psutil.Process(self.process.pid).children(recursive=True)
        return self

    def text(self):
        return self.output.read_text()

    def get(self, path):
        return http_get(self.port, path)

    def hosts(self):
        return self.get("/api/v1/hosts").json

    def psql(self, sql):
        return psql(sql, "chorus", str(self.data / "run"))

    def end(self, how):
        self.process.send_signal(how)
        code = self.process.wait(40)
        _, alive = psutil.wait_procs(self.children, 40)
        assert not alive, f"left behind: {alive}"
        return code


@pytest.fixture
def directory():
    # Short, because a socket's path is limited; passable, because the servers have another user.
    path = tempfile.mkdtemp(prefix="chorus-qs-", dir="/tmp")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(path)


def test_this_host_is_everywhere_and_ctrl_c_leaves_nothing(directory):
    running = Quickstart(directory).start()
    hostname = wait_until(running.hosts, 30, "this host")[0]["hostname"]
    assert hostname == socket.gethostname()
    for path in (f"/api/v1/metrics/system?hostname={hostname}",
                 f"/api/v1/metrics/processes?hostname={hostname}"):
        assert len(running.get(path).json) > 10
    assert running.get(f"/api/v1/metrics/latest/{hostname}").json["metrics"]
    for view in ("system_metrics", "process_metrics"):
        assert int(running.psql(f"SELECT count(*) FROM monitoring.{view} WHERE hostname = '{hostname}'")[0][0])
    redis = f"unix://{running.data}/run/redis.sock?db=0"
    keys = wait_until(lambda: redis_cli("--scan", url=redis), 20, "the cache").split()
    assert f"health:{hostname}" in keys
    assert f"latest:{hostname}:cpu_usage_percent" in keys

    # Nothing but the API listens, and that on loopback alone.
    listening = [(c.laddr.ip, c.laddr.port) for child in running.children
                 for c in child.connections("inet") if c.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", running.port)]
    users = {child.name(): child.uids().real for child in running.children}
    if os.getuid() == 0:
        assert all(users[name] != 0 for name in ("postgres", "redis-server", "chorus-aggregator"))
    assert {"postgres", "redis-server", "chorus-aggregator", "chorus-agent"} <= set(users)

    assert running.end(signal.SIGINT) == 0
    assert "Stopped" in running.text()
    assert not list((running.data / "run").iterdir())


def test_other_users_cannot_read_the_data(directory):
    running = Quickstart(directory).start()
    assert running.end(signal.SIGTERM) == 0
    for name in ("postgresql", "redis", "log", "run", "agent"):
        assert os.stat(running.data / name).st_mode & 0o077 == 0, name
    if os.getuid() != 0:
        return
    nobody = pwd.getpwnam("nobody").pw_uid
    done = subprocess.run(["ls", running.data / "agent"], user=nobody, group=nobody,
                          extra_groups=[], capture_output=True, check=False)
    assert done.returncode != 0


def test_killed_quickstart_takes_all_with_it_and_starts_again_with_its_data(directory):
    running = Quickstart(directory).start()
    wait_until(running.hosts, 30, "this host")
    stored = int(wait_until(lambda: running.psql(
        "SELECT count(*) FROM monitoring.system_batches"), 10)[0][0])
    running.end(signal.SIGKILL)
    running.start()
    assert int(running.psql("SELECT count(*) FROM monitoring.system_batches")[0][0]) >= stored
    assert len(running.hosts()) == 1
    wait_until(lambda: int(running.psql(
        "SELECT count(*) FROM monitoring.system_batches")[0][0]) > stored, 30, "a new batch")
    assert running.end(signal.SIGINT) == 0


def test_what_dies_is_started_again(directory):
    running = Quickstart(directory).start()
    wait_until(running.hosts, 30, "this host")
    named = {child.name(): child for child in running.children}
    for name in ("redis-server", "chorus-aggregator"):
        victim = named[name]
        victim.kill()
        wait_until(lambda v=victim, n=name: [
            child for child in psutil.Process(running.process.pid).children()
            if child.name() == n and child.pid != v.pid], 30, f"another {name}")
    running.children = psutil.Process(running.process.pid).children(recursive=True)

    def ready():
        try:
            return running.get("/ready").json["status"] == "ready"
        except OSError:
            return False

    wait_until(ready, 30, "/ready")
    assert running.end(signal.SIGINT) == 0


def test_second_quickstart_of_one_directory_is_refused(directory):
    running = Quickstart(directory).start()
    second = Quickstart(directory)
    second.output = pathlib.Path(directory) / "second"
    second.start(welcome=False)
    assert second.process.wait(20) == 69
    assert "another quickstart uses" in second.text()
    assert running.get("/ready").status == 200
    assert running.end(signal.SIGINT) == 0


def test_taken_port_is_named_and_nothing_is_started(directory):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        refused = Quickstart(directory, port=taken.getsockname()[1]).start(welcome=False)
        assert refused.process.wait(20) == 69
        assert f"port {refused.port} is taken" in refused.text()
    assert not (refused.data / "postgresql" / "PG_VERSION").exists()


def test_long_data_directory_works(directory):
    long = pathlib.Path(directory) / ("a" * 60) / ("b" * 60)
    long.mkdir(parents=True)
    running = Quickstart(long, "--no-agent").start()
    assert running.get("/ready").status == 200
    assert running.end(signal.SIGINT) == 0


@pytest.mark.parametrize("argument,word", [("--port=0", "--port"), ("--colour", "--colour"),
                                           ("--data-dir", "needs a value")])
def test_wrong_arguments_are_named(argument, word):
    done = subprocess.run([os.path.join(BIN, "chorus-aggregator"), "quickstart", argument],
                          capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 64 and word in done.stderr
