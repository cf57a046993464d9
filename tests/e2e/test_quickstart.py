"""`chorus-aggregator quickstart`: one command to a monitor that watches this machine, and no rest."""

import contextlib
import json
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.error
import urllib.request

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
        self.environment = {}

    def start(self, welcome=True):
        with open(self.output, "wb") as output:
            self.process = subprocess.Popen(
                [os.path.join(BIN, "chorus-aggregator"), "quickstart", *self.arguments],
                env={**os.environ, "METRICS_COLLECTION_INTERVAL": "1", **self.environment}, stdin=subprocess.DEVNULL,
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


def name_of(process):
    """None of one that ended: workers of PostgreSQL come and go."""
    with contextlib.suppress(psutil.NoSuchProcess):
        return process.name()


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


COMMAND = (os.path.join(BIN, "chorus-aggregator"), "quickstart")
SCRIPT = (str(pathlib.Path(__file__).resolve().parents[2] / "packaging" / "quickstart"),)
# The script refuses before it installs or builds; here it has no build to find.
NOWHERE = {**os.environ, "CHORUS_BUILD_DIR": "/nowhere/build"}


def refused(how, *arguments, env=None, **more):
    return subprocess.run([*how, *arguments], capture_output=True, text=True, timeout=20,
                          check=False, env=env or NOWHERE, **more)


@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
@pytest.mark.parametrize("arguments,word", [
    (["--port=0"], "--port"), (["--port", "70000"], "--port"), (["--port", "x"], "--port"),
    (["--colour"], "--colour"), (["--data-dir"], "needs a value"), (["--prot", "1"], "--port"),
    (["now"], "now")])
def test_wrong_arguments_are_named(how, arguments, word):
    done = refused(how, *arguments)
    assert done.returncode == 64 and word in done.stderr


@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
def test_a_port_in_use_is_told_before_anything_is_done(how, directory):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = refused(how, "--port", str(port), "--data-dir", f"{directory}/data")
    assert done.returncode == 69
    assert f"port {port} is in use by" in done.stderr and f"(process {os.getpid()})" in done.stderr
    assert "--port" in done.stderr and os.listdir(directory) == []


@pytest.mark.skipif(os.getuid() != 0, reason="needs: root")
@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
def test_a_directory_that_the_servers_cannot_enter_is_named(how, directory):
    barred = pathlib.Path(directory) / "mine"
    (barred / "deeper").mkdir(parents=True)
    barred.chmod(0o700)
    done = refused(how, "--port", str(free_port()), "--data-dir", f"{barred}/deeper/data")
    assert done.returncode == 77
    assert f"cannot enter {barred}," in done.stderr and f"chmod o+x {barred}" in done.stderr
    assert "--data-dir" in done.stderr and not (barred / "deeper" / "data").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="needs: root, to become somebody else")
@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
def test_who_is_not_root_gets_no_advice_for_root(how, directory):
    barred = pathlib.Path(directory) / "not mine"
    barred.mkdir(mode=0o700)
    environment = {**NOWHERE, "HOME": "/somebody"}
    environment.pop("XDG_DATA_HOME", None)
    nobody = pwd.getpwnam("nobody").pw_uid
    done = refused(how, "--port", str(free_port()), "--data-dir", f"{barred}/data", env=environment,
                   user=nobody, group=nobody, extra_groups=[], cwd="/")
    assert done.returncode == 77 and f"cannot enter {barred}," in done.stderr
    assert done.stderr.endswith("for example /somebody/.local/share/chorus\n")


@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
def test_help_tells_every_option_with_its_default(how):
    text = refused(how, "--help").stdout
    for word in ("--data-dir", "/var/lib/chorus-quickstart", "--port", "8082", "--listen",
                 "127.0.0.1", "--no-agent"):
        assert word in text, word


def script_with_build(directory, last_step):
    """The script with another cmake: one that tells 200 steps and then does this."""
    programs = pathlib.Path(directory) / "programs"
    (programs / "build" / "bin").mkdir(parents=True)
    cmake = programs / "cmake"
    cmake.write_text(f"""#!/bin/bash
[[ $1 == --build ]] || exit 0
for ((i = 1; i <= 200; ++i)); do echo "[$i/200] Building file-$i.o"; done
cd {programs}/build/bin && {last_step}
""")
    cmake.chmod(0o755)
    return subprocess.run([*SCRIPT, "--port", str(free_port()), "--data-dir", f"{directory}/data"],
                          env={**os.environ, "CHORUS_BUILD_DIR": f"{programs}/build",
                               "PATH": f"{programs}:{os.environ['PATH']}"},
                          capture_output=True, text=True, timeout=60, check=False)


def test_the_script_tells_how_far_the_build_is(directory):
    done = script_with_build(
        directory, r"printf '#!/bin/sh\necho started $1\n' >chorus-aggregator; chmod +x chorus-aggregator")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("Building") and lines[-1] == "started quickstart"
    assert lines[1:-1] == [f"  {percent} % built" for percent in range(10, 101, 10)]


def test_the_script_shows_the_end_of_a_build_that_fails(directory):
    done = script_with_build(directory, "echo 'error: no such header'; exit 1")
    assert done.returncode == 70 and "error: no such header" in done.stderr
    log = done.stderr.split()[-1]
    assert "file-1.o" in pathlib.Path(log).read_text()
    os.remove(log)


@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
def test_a_directory_with_other_files_is_left_alone(how, directory):
    (pathlib.Path(directory) / "letter").write_text("mine")
    before = os.stat(directory)
    done = refused(how, "--port", str(free_port()), "--data-dir", directory)
    assert done.returncode == 73 and "holds other files" in done.stderr
    after = os.stat(directory)
    assert (after.st_uid, after.st_mode) == (before.st_uid, before.st_mode)
    assert os.listdir(directory) == ["letter"]


@pytest.mark.skipif(os.getuid() != 0, reason="needs: root, to become somebody else")
@pytest.mark.parametrize("how", [COMMAND, SCRIPT], ids=["command", "script"])
def test_who_may_not_write_there_is_told(how, directory):
    nobody = pwd.getpwnam("nobody").pw_uid
    done = refused(how, "--port", str(free_port()), "--data-dir", f"{directory}/data",
                   user=nobody, group=nobody, extra_groups=[], cwd="/")
    assert done.returncode in (73, 77) and "--data-dir" in done.stderr
    assert f"{directory}/data" in done.stderr


def test_it_stays_on_loopback_unless_a_proxy_speaks_tls(directory):
    done = refused(COMMAND, "--listen", "0.0.0.0", "--port", str(free_port()), "--data-dir",
                   f"{directory}/data")
    assert done.returncode == 78 and "ssh -L" in done.stderr
    assert "CHORUS_BEHIND_TLS_PROXY" in done.stderr and os.listdir(directory) == []


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


def printed(running, word):
    """The one line of the welcome that holds this word, as it stands there."""
    lines = [line.strip() for line in running.text().splitlines() if word in line]
    assert len(lines) == 1, running.text()
    return lines[0]


def run_printed(running, word):
    line = printed(running, word)
    line = line[line.index("  ") + 2:].strip() if not line.startswith(("/", "'")) else line
    return subprocess.run(["bash", "-c", line], capture_output=True, text=True, timeout=60,
                          check=True, stdin=subprocess.DEVNULL, cwd=running.data.parent)


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
