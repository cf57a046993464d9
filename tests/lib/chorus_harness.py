"""Runs real aggregators and agents for tests, each on a database and a Redis database of its own.

Needs CHORUS_BIN_DIR, CHORUS_TEST_DATABASE_URL and CHORUS_TEST_REDIS_URL, which tests/run sets.
"""

import glob
import gzip
import http.client
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.parse

BIN = os.environ.get("CHORUS_BIN_DIR", "")
# Debian's /usr/bin/psql is a Perl program that starts the real one, and costs more than it.
PSQL = max(glob.glob("/usr/lib/postgresql/*/bin/psql"), default="psql")
_numbers = itertools.count(1)
# Tests of several workers share one Redis of 512 databases; number 0 is nobody's.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_redis_numbers = itertools.cycle(range(1 + _worker * 100, 101 + _worker * 100))


def wait_until(condition, seconds=20, what="condition"):
    """Polls until `condition` answers something true, and returns it."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} was not reached within {seconds} s")
        time.sleep(0.02)


def psql(sql, database="postgres", host=None):
    """Rows of a query as lists of strings, through the psql client."""
    url = urllib.parse.urlsplit(os.environ["CHORUS_TEST_DATABASE_URL"])
    host = host or urllib.parse.parse_qs(url.query)["host"][0]
    done = subprocess.run(
        [PSQL, "-X", "-q", "-A", "-t", "-F", "\x1f", "-v", "ON_ERROR_STOP=1", "-h", host,
         "-U", "chorus", "-d", database, "-c", sql],
        capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise AssertionError(f"psql: {done.stderr.strip()}")
    return [line.split("\x1f") for line in done.stdout.splitlines()]


def redis_cli(*arguments, url=None):
    """The reply of one Redis command as text, through redis-cli."""
    parts = urllib.parse.urlsplit(url or os.environ["CHORUS_TEST_REDIS_URL"])
    db = urllib.parse.parse_qs(parts.query).get("db", ["0"])[0]
    done = subprocess.run(["redis-cli", "-s", parts.path, "-n", db, *arguments],
                          capture_output=True, text=True, timeout=20, check=True)
    return done.stdout.strip()


class Answer:
    """An HTTP answer: status, headers (lower-case names) and body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.headers = {name.lower(): value for name, value in headers}
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def faults(self):
        """(type, loc) of a 422 answer, for comparison."""
        return [(fault["type"], fault["loc"]) for fault in self.json["detail"]]


def free_port():
    """A port of loopback that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def http_get(port, path, timeout=30):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return Answer(response.status, response.getheaders(), response.read())
    finally:
        connection.close()


class PrivateServers:
    """A PostgreSQL and a Redis of one test, to be stopped and started at will."""

    SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "servers.sh")

    def __init__(self):
        # Short, because a socket's path is limited; passable, because the servers have another user.
        self.directory = tempfile.mkdtemp(prefix="chorus-", dir="/tmp")
        os.chmod(self.directory, 0o755)
        self.path = self.directory + "/s"
        os.mkdir(self.path)
        self.call("start_servers")
        self.database_url = f"postgresql:///postgres?host={self.path}/run&user=chorus"
        self.redis_url = f"unix://{self.path}/run/redis.sock?db=0"

    def call(self, function, *arguments):
        """Runs a function of servers.sh: start_postgres, stop_postgres, start_redis, stop_redis."""
        subprocess.run(["bash", "-c", f'source "{self.SCRIPT}"; "$@"', "-", function, self.path,
                        *arguments], check=True, timeout=120, stdin=subprocess.DEVNULL)

    def close(self):
        self.call("stop_servers")
        os.rmdir(self.directory)


class Aggregator:
    """One chorus-aggregator process; killed and started again at will on the same database."""

    look_at = None  # called with (method, path, answer) of each request, if somebody wants to know

    def __init__(self, environment=None, database_url=None, redis_url=None):
        self.directory = tempfile.TemporaryDirectory(prefix="chorus-agg-")
        self.database = None
        base = os.environ.get("CHORUS_TEST_DATABASE_URL")
        if database_url is None:
            self.database = f"chorus_{os.getpid()}_{next(_numbers)}"
            psql(f'CREATE DATABASE "{self.database}"')
            database_url = base.replace("/postgres?", f"/{self.database}?", 1)
        if redis_url is None:
            redis_url = re.sub(r"db=\d+", f"db={next(_redis_numbers)}",
                               os.environ["CHORUS_TEST_REDIS_URL"])
            redis_cli("FLUSHDB", url=redis_url)
        self.database_url = database_url
        self.redis_url = redis_url
        self.environment = {
            "PATH": os.environ["PATH"], "DATABASE_URL": database_url, "REDIS_URL": redis_url,
            "PORT": "0", "CHORUS_LOG_FORMAT": "json", "CHORUS_STOCK_RULES": "false", **_sanitizer_environment(),
            **(environment or {})}
        self.process = None
        self.port = None
        self.log = []

    def start(self, wait_ready=True):
        environment = dict(self.environment)
        if self.port:
            environment["PORT"] = str(self.port)
        self.process = subprocess.Popen(
            [os.path.join(BIN, "chorus-aggregator"), "serve"], env=environment,
            cwd=self.directory.name, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True)
        listening = threading.Event()
        threading.Thread(target=self._read_log, args=(self.process, listening),
                         daemon=True).start()
        wait_until(lambda: listening.is_set() or self.process.poll() is not None, 60, "Listening")
        if self.process.poll() is not None:
            raise AssertionError("the aggregator ended at once:\n" + "\n".join(self.log[-20:]))
        if wait_ready:
            wait_until(lambda: self.get("/ready").status == 200
                       and self.get("/api/v1/hosts").status == 200, 60, "/ready")
        return self

    def _read_log(self, process, listening):
        for line in process.stderr:
            self.log.append(line.rstrip("\n"))
            try:
                record = json.loads(line)
            except ValueError:
                continue
            if record.get("event") == "Listening":
                self.port = record["port"]
                listening.set()

    def stop(self, how=signal.SIGTERM, seconds=30):
        """Ends the process; answers its exit code."""
        if self.process is None:
            return None
        self.process.send_signal(how)
        code = self.process.wait(seconds)
        self.process = None
        return code

    def kill(self):
        return self.stop(signal.SIGKILL)

    def close(self):
        if self.process is not None:
            code = self.stop()
            assert code == 0, f"exit code {code}:\n" + "\n".join(self.log[-30:])
        if self.database:
            psql(f'DROP DATABASE IF EXISTS "{self.database}" WITH (FORCE)')
        self.directory.cleanup()

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.close()

    def sql(self, statement):
        host = urllib.parse.parse_qs(urllib.parse.urlsplit(self.database_url).query)["host"][0]
        return psql(statement, self.database or "postgres", host)

    def command(self, *arguments, environment=None):
        """Runs another chorus-aggregator command on the same servers."""
        return subprocess.run(
            [os.path.join(BIN, "chorus-aggregator"), *arguments],
            env={**self.environment, **(environment or {})}, cwd=self.directory.name,
            capture_output=True, text=True, timeout=60, check=False)

    def token(self, role="agent", name="test"):
        done = self.command("token", "create", "--role", role, "--name", name)
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def request(self, method, path, body=None, headers=None, token=None, timeout=30):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            headers = dict(headers or {})
            if token:
                headers["Authorization"] = "Bearer " + token
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            answer = Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()
        if Aggregator.look_at is not None:
            Aggregator.look_at(method, path, answer)
        return answer

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def raw(self, data, timeout=20, half_close=False):
        """Sends bytes as they are and returns everything that comes back until the close."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(data)
            if half_close:
                connection.shutdown(socket.SHUT_WR)
            received = b""
            while True:
                piece = connection.recv(65536)
                if not piece:
                    return received
                received += piece

    def ingest(self, batch, token, encoding=None, headers=None, timeout=30):
        """Posts a batch (an object, or bytes as they are)."""
        body = batch if isinstance(batch, bytes) else json.dumps(batch).encode()
        all_headers = {"Content-Type": "application/json", "X-Chorus-Protocol": "1"}
        if encoding == "gzip":
            body = gzip.compress(body)
        elif encoding == "zstd":
            import zstandard
            body = zstandard.ZstdCompressor(level=1).compress(body)
        if encoding:
            all_headers["Content-Encoding"] = encoding
        all_headers.update(headers or {})
        return self.request("POST", "/api/v1/ingest", body, all_headers, token, timeout)


class Agent:
    """One chorus-agent process that sends to an aggregator every second."""

    def __init__(self, aggregator, hostname, token=None, environment=None):
        self.directory = tempfile.TemporaryDirectory(prefix="chorus-agent-")
        self.hostname = hostname
        self.token = token or aggregator.token(name=hostname)
        self.environment = {
            "PATH": os.environ["PATH"], "CHORUS_HOSTNAME": hostname,
            "CHORUS_AGGREGATOR_URL": f"http://127.0.0.1:{aggregator.port}",
            "CHORUS_AGENT_TOKEN": self.token, "CHORUS_SPOOL_DIR": self.directory.name + "/state",
            "METRICS_COLLECTION_INTERVAL": "1", "CHORUS_LOG_FORMAT": "json",
            **_sanitizer_environment(), **(environment or {})}
        self.process = None
        self.log_path = self.directory.name + "/log"

    def start(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [os.path.join(BIN, "chorus-agent")], env=self.environment,
                cwd=self.directory.name, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        return self

    def run(self, *arguments, environment=None):
        """Runs the agent to its end, as with --once."""
        return subprocess.run(
            [os.path.join(BIN, "chorus-agent"), *arguments],
            env={**self.environment, **(environment or {})}, cwd=self.directory.name,
            capture_output=True, text=True, timeout=60, check=False)

    def log(self):
        with open(self.log_path, encoding="utf-8") as log:
            return log.read()

    def stop(self, how=signal.SIGTERM, seconds=20):
        self.process.send_signal(how)
        code = self.process.wait(seconds)
        self.process = None
        return code

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        if self.process is not None:
            self.stop()
        self.directory.cleanup()


def _sanitizer_environment():
    return {name: value for name, value in os.environ.items()
            if name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS")}
