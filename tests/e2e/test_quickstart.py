"""`chorus-aggregator quickstart`: one command to a monitor that watches this machine, and no rest."""

import contextlib
import json
import os
import pathlib
import pwd
import signal
import socket
import subprocess
import urllib.error
import urllib.request

import psutil
import pytest

from chorus_harness import BIN, redis_cli, wait_until
from quickstart import Quickstart, printed, run_printed


def name_of(process):
    """None of one that ended: workers of PostgreSQL come and go."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.name()


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
    listening, users = [], {}
    for child in running.children:
        # Workers of PostgreSQL come and go.
        with contextlib.suppress(psutil.NoSuchProcess):
            users[child.name()] = child.uids().real
            listening += [(c.laddr.ip, c.laddr.port) for c in child.connections("inet")
                          if c.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", running.port)]
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
    named = {name: child for child in running.children if (name := name_of(child))}
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
        assert f"port {refused.port} is in use by" in refused.text()
        assert f"(process {os.getpid()})" in refused.text() and "--port" in refused.text()
    assert not (refused.data / "postgresql" / "PG_VERSION").exists()


def test_long_data_directory_works(directory):
    long = pathlib.Path(directory) / ("a" * 60) / ("b" * 60)
    long.mkdir(parents=True)
    running = Quickstart(long, "--no-agent").start()
    assert running.get("/ready").status == 200
    assert running.end(signal.SIGINT) == 0


def test_a_data_directory_with_a_blank_and_a_quote_works(directory):
    odd = pathlib.Path(directory) / "it's mine"
    odd.mkdir()
    running = Quickstart(odd, "--no-agent").start()
    assert running.get("/ready").status == 200
    assert run_printed(running, "token create").stdout.startswith("chr_enrol_")
    assert running.end(signal.SIGINT) == 0


@pytest.mark.skipif(os.getuid() != 0, reason="needs: root")
def test_a_cautious_umask_bars_nobody(directory):
    running = Quickstart(directory, "--no-agent")
    running.arguments[1] = f"{directory}/on/the/way/data"
    before = os.umask(0o077)
    try:
        running.start()
    finally:
        os.umask(before)
    assert running.end(signal.SIGINT) == 0


def test_settings_of_the_environment_reach_both_programs(directory):
    running = Quickstart(directory)
    here = json.dumps({"here": f"http://127.0.0.1:{running.port}/health"})
    running.environment = {"SERVICE_ENDPOINTS": here.replace("here", "ours", 1),
                           "CHORUS_AGENT_SERVICE_ENDPOINTS": here, "CHORUS_HOSTNAME": "by-name",
                           # Of another program: the quickstart has a database of its own.
                           "DATABASE_URL": "postgresql://nowhere.invalid/other", "PORT": "1"}
    running.start()
    wanted = {"ours", "here@by-name"}
    wait_until(lambda: wanted <= {one["service_name"] for one in running.get("/api/v1/services").json},
               60, "both services")
    assert running.end(signal.SIGINT) == 0


def test_settings_in_files_of_the_users_own_survive_the_next_start(directory):
    running = Quickstart(directory, "--no-agent").start()
    assert running.end(signal.SIGINT) == 0
    own = running.data / "aggregator.conf.d"
    own.mkdir()
    (own / "mine.conf").write_text("anonymous-role = none\n")
    running.start()
    assert running.get("/api/v1/hosts").status == 401
    assert running.end(signal.SIGINT) == 0


def test_a_misspelt_setting_ends_the_start_with_the_lines_of_this_start_alone(directory):
    running = Quickstart(directory, "--no-agent").start()
    assert running.end(signal.SIGINT) == 0
    running.environment = {"CHORUS_NOTIFICATION_CHANELS": "{}"}
    running.start(welcome=False)
    assert running.process.wait(60) == 69
    _, _, said = running.text().partition("aggregator.log:\n")
    assert "CHORUS_NOTIFICATION_CHANNELS" in said, running.text()
    assert len(said.strip().splitlines()) == 1, said


def test_every_command_that_it_prints_works_as_printed(directory):
    running = Quickstart(directory).start()
    wait_until(running.hosts, 30, "this host")
    assert json.loads(run_printed(running, "curl -s").stdout)
    assert run_printed(running, "sign-in-link").stdout.count("/ui/#sign-in=chr_signin_") == 1
    assert "1 of 1 report" in run_printed(running, "chorus-aggregator status").stdout
    assert "BAD" not in run_printed(running, "chorus-agent status").stdout
    subprocess.run(["bash", "-c", printed(running, "psql -h").removeprefix("SQL").strip()
                    + " -c 'SELECT 1'"], check=True, capture_output=True, timeout=60)
    subprocess.run(["bash", "-c", printed(running, "redis-cli -s").removeprefix("Redis").strip()
                    + " ping"], check=True, capture_output=True, timeout=60)
    token = run_printed(running, "token create").stdout.strip()
    assert token.startswith("chr_enrol_")
    # The other machine's end of the tunnel is the same address; its files lie in a folder here.
    other = pathlib.Path(directory) / "other"
    other.mkdir()
    (other / "agent.conf").write_text(f"hostname = other-01\nspool-dir = {other}\n")
    line = printed(running, "chorus-agent enroll").replace("TOKEN", token).replace(
        "chorus-agent", os.path.join(BIN, "chorus-agent"), 1)
    subprocess.run(["bash", "-c", f"{line} --config {other}/agent.conf"], check=True, timeout=60,
                   capture_output=True)
    subprocess.run([os.path.join(BIN, "chorus-agent"), "--once", "--config", f"{other}/agent.conf"],
                   check=True, timeout=60, capture_output=True)
    assert {host["hostname"] for host in running.hosts()} == {"other-01", socket.gethostname()}
    assert running.end(signal.SIGINT) == 0


def test_its_link_signs_in_once_and_stands_in_no_log(directory):
    running = Quickstart(directory, "--no-agent").start()
    if running.get("/ui/").status == 404:
        pytest.skip("needs: a build with the dashboard")
    token = printed(running, "/ui/#sign-in=").partition("#sign-in=")[2]
    statuses = [http_request(running.port, "/api/v1/sessions", token).status for _ in range(2)]
    assert statuses == [201, 401]
    assert running.end(signal.SIGINT) == 0
    first = running.text()
    running.start()
    other = printed(running, "/ui/#sign-in=").partition("#sign-in=")[2]
    assert other != token and token in first
    assert running.end(signal.SIGINT) == 0
    for log in (running.data / "log").iterdir():
        assert token not in log.read_text(errors="replace"), log
        assert other not in log.read_text(errors="replace"), log


def http_request(port, path, token):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method="POST",
                                     headers={"Authorization": f"Bearer {token}"})
    try:
        return urllib.request.urlopen(request, timeout=20)
    except urllib.error.HTTPError as error:
        return error
