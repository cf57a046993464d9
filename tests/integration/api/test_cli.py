"""The commands and the daemon as their user meets them."""

import fcntl
import json
import os
import pty
import signal
import socket
import subprocess
import threading
import urllib.parse

import psutil
import pytest

from batch_maker import BatchMaker
from chorus_harness import BIN, Aggregator, http_get, psql, wait_until


def test_checks_answer_in_one_line(aggregator):
    for what, name in (("db", "PostgreSQL"), ("redis", "Redis"), ("config", "configuration")):
        done = aggregator.command("check", what)
        assert done.returncode == 0 and name in done.stdout.splitlines()[-1]


def test_migrate_twice_and_against_a_newer_release():
    stopped = Aggregator()
    try:
        for _ in range(2):
            assert stopped.command("migrate").returncode == 0
        before = stopped.sql("SELECT count(*) FROM pg_class")
        table = stopped.sql("SELECT relname FROM pg_class JOIN pg_namespace n ON n.oid ="
                            " relnamespace WHERE nspname = 'monitoring' AND relkind = 'r'"
                            " AND relname LIKE '%migration%'")[0][0]
        stopped.sql(f"INSERT INTO monitoring.{table} (version, name, checksum)"
                    " VALUES (999, '0999_future', '\\x00')")
        done = stopped.command("migrate")
        assert done.returncode == 78 and "newer release" in done.stderr
        assert stopped.command("serve").returncode == 78
        assert stopped.sql("SELECT count(*) FROM pg_class") == before
    finally:
        stopped.close()


def test_token_is_alone_on_standard_output(aggregator):
    done = aggregator.command("token", "create", "--role", "viewer", "--name", "for the wall")
    assert done.returncode == 0
    token = done.stdout.removesuffix("\n")
    assert token.startswith("chr_") and len(token.split()) == 1
    listed = aggregator.command("token", "list").stdout
    assert "for the wall" in listed and token not in listed
    assert token not in str(aggregator.sql("SELECT * FROM monitoring.tokens"))
    assert aggregator.get("/api/v1/hosts", token=token).status == 200


@pytest.mark.parametrize("arguments", [
    ["create"], ["create", "--role", "king", "--name", "x"], ["create", "--role", "none", "--name", "x"],
    ["create", "--role", "agent"], ["create", "--role", "agent", "--name", ""], ["revoke"],
    ["revoke", "x"], ["revoke", "999999"], ["list", "all"], ["destroy"],
    ["create", "--role", "agent", "--name", "x", "--colour"]])
def test_wrong_token_commands_change_nothing(aggregator, arguments):
    before = aggregator.sql("SELECT count(*) FROM monitoring.tokens")
    done = aggregator.command("token", *arguments)
    assert done.returncode == 64 and done.stderr and not done.stdout
    assert aggregator.sql("SELECT count(*) FROM monitoring.tokens") == before


def test_one_shot_commands_do_not_wait_for_postgres(aggregator):
    away = {"DATABASE_URL": "postgresql:///x?host=/nowhere"}
    for arguments in (["migrate"], ["check", "db"], ["token", "list"], ["tasks", "single"]):
        done = aggregator.command(*arguments, environment=away)
        assert done.returncode == 69, (arguments, done.stderr)
        assert "/nowhere" in done.stderr


@pytest.mark.parametrize("url, remedy", [
    ("postgresql://stranger:wrong-word@/postgres?host={host}", "password in database-url is not"),
    ("postgresql:///no_such_database?host={host}&user=chorus", "`chorus-aggregator setup-db`"),
    ("postgresql://x@no-such-host.invalid/x", "host in database-url is not known")])
def test_each_refusal_of_the_database_has_its_remedy(aggregator, url, remedy):
    host = urllib.parse.parse_qs(urllib.parse.urlsplit(
        os.environ["CHORUS_TEST_DATABASE_URL"]).query)["host"][0]
    for arguments in (["check", "db"], ["token", "list"], ["migrate"]):
        done = aggregator.command(*arguments, environment={"DATABASE_URL": url.format(host=host)})
        assert done.returncode == 69 and remedy in done.stderr, done.stderr
        assert len(done.stderr.splitlines()) == 1 and "wrong-word" not in done.stderr


def test_tasks_single_collects_stores_and_prints_this_machine(fresh):
    fresh.environment["CHORUS_HOSTNAME"] = "single"
    done = fresh.command("tasks", "single")
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert result["system_metrics"] >= 20 and result["process_metrics"] >= 2
    assert result["overview"]["hostname"] == "single"
    assert fresh.sql("SELECT hostname, scanned >= 2 FROM monitoring.process_batches"
                     " JOIN monitoring.hosts USING (host_id)") == [["single", "t"]]


def test_log_is_json_in_a_pipe_and_text_on_a_terminal(fresh):
    for line in fresh.log:
        record = json.loads(line)
        assert {"timestamp", "level", "event", "logger"} <= set(record)
        assert record["timestamp"].endswith("Z")
    ours, theirs = pty.openpty()
    environment = {**fresh.environment, "CHORUS_LOG_FORMAT": "auto", "PORT": "0"}
    process = subprocess.Popen([os.path.join(BIN, "chorus-aggregator")], env=environment,
                               cwd=fresh.directory.name, stdin=subprocess.DEVNULL, stderr=theirs)
    os.close(theirs)
    fcntl.fcntl(ours, fcntl.F_SETFL, os.O_NONBLOCK)
    seen = b""

    def read():
        nonlocal seen
        try:
            seen += os.read(ours, 65536)
        except BlockingIOError:
            pass
        return b"Listening" in seen

    wait_until(read, 30, "Listening on the terminal")
    process.terminate()
    assert process.wait(30) == 0
    os.close(ours)
    assert b'{"' not in seen and b"main: Listening" in seen


def test_taken_port_ends_the_program_with_a_clear_word(fresh):
    done = fresh.command("serve", "--port", str(fresh.port))
    assert done.returncode not in (0, 64)
    assert f"port {fresh.port} is in use by" in done.stderr and "Exception" not in done.stderr
    assert f"(process {fresh.process.pid})" in done.stderr and "--port" in done.stderr


def test_it_listens_on_loopback_alone(fresh):
    listening = [c.laddr for c in psutil.Process(fresh.process.pid).connections("inet")
                 if c.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", fresh.port)]


@pytest.mark.parametrize("address", ["0.0.0.0", "127.0.0.1"])
def test_off_loopback_or_through_a_proxy_nobody_is_anonymous(address):
    aggregator = Aggregator({"CHORUS_LISTEN": address, "CHORUS_BEHIND_TLS_PROXY": "true"})
    try:
        aggregator.start(wait_ready=False)
        wait_until(lambda: aggregator.get("/ready").status == 200, 30, "/ready")
        assert aggregator.get("/api/v1/hosts").status == 401
        for header in ("X-Forwarded-For", "X-Real-IP", "Forwarded"):
            answer = aggregator.get("/api/v1/hosts", headers={header: "127.0.0.1"})
            assert answer.status == 401
        for path in ("/health", "/ready", "/status"):
            shown = aggregator.get(path)
            assert shown.status == 200
            assert not shown.json.get("version")
            assert socket.gethostname().encode() not in shown.body
        assert aggregator.get("/api/v1/hosts", token=aggregator.token("viewer")).status == 200
        assert aggregator.ingest(BatchMaker().make(), aggregator.token()).status == 200
    finally:
        aggregator.close()


# A page of another site that gives its name the address 127.0.0.1 still names itself in Host, as
# does a proxy that nobody told the aggregator of.
@pytest.mark.parametrize("host, status", [
    ("localhost", 200), ("LOCALHOST:{port}", 200), ("127.0.0.1:{port}", 200), ("127.3.2.1", 200),
    ("[::1]:{port}", 200), ("box", 200), ("evil.example", 401), ("evil.example:{port}", 401),
    ("127.0.0.1.evil.example", 401), ("10.0.0.1:{port}", 200)])
def test_nobody_reads_without_a_token_by_a_domain_name(aggregator, host, status):
    headers = {"Host": host.format(port=aggregator.port)}
    assert aggregator.get("/api/v1/hosts", headers=headers).status == status
    assert aggregator.get("/api/v1/hosts", headers=headers,
                          token=aggregator.token("viewer")).status == 200
    for path in ("/", "/health", "/status"):
        shown = aggregator.get(path, headers=headers)
        assert shown.status == 200 and bool(shown.json.get("version")) == (status == 200), path
        if status == 401:
            assert socket.gethostname().encode() not in shown.body


def test_a_role_that_was_set_counts_for_any_name():
    with Aggregator({"CHORUS_ANONYMOUS_ROLE": "viewer"}) as running:
        answer = running.get("/api/v1/hosts", headers={"Host": "monitor.example"})
        assert answer.status == 200


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_request_in_flight_gets_its_answer_before_the_end(fresh, how):
    token, maker = fresh.token(), BatchMaker("last")
    assert fresh.ingest(maker.make(), token).status == 200
    body = json.dumps(maker.make()).encode()
    with socket.create_connection(("127.0.0.1", fresh.port), timeout=20) as connection:
        connection.sendall(
            b"POST /api/v1/ingest HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token.encode()
            + b"\r\nContent-Type: application/json\r\nX-Chorus-Protocol: 1\r\nContent-Length: "
            + str(len(body)).encode() + b"\r\nExpect: 100-continue\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 "), "it is in hand"
        connection.sendall(body[:-1])
        process, code = fresh.process, []
        ending = threading.Thread(target=lambda: code.append(fresh.stop(how)))
        ending.start()
        wait_until(lambda: any('"Stopping"' in line for line in fresh.log), 10, "Stopping")
        assert process.poll() is None
        connection.sendall(body[-1:])
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    ending.join()
    assert answer.startswith(b"HTTP/1.1 200 ") and code == [0]
    assert psql("SELECT count(*) FROM monitoring.system_batches", fresh.database) == [["2"]]


def test_password_stays_out_of_command_line_log_and_answers(fresh):
    canary = "canary-9d1c"
    fresh.stop()
    fresh.environment["REDIS_URL"] = f"redis://:{canary}@127.0.0.1:1/0"
    fresh.start(wait_ready=False)
    wait_until(lambda: fresh.get("/ready").status == 200, 30, "/ready")
    token = fresh.token()
    assert fresh.ingest(BatchMaker("quiet").make(), token).status == 200
    wait_until(lambda: any("Redis" in line for line in fresh.log), 20, "a word about Redis")
    shown = b"".join(http_get(fresh.port, path).body for path in
                     ("/", "/ready", "/status", "/metrics", "/api/v1/metrics/latest/quiet"))
    with open(f"/proc/{fresh.process.pid}/cmdline", "rb") as cmdline:
        shown += cmdline.read()
    for secret in (canary, token):
        assert secret not in "\n".join(fresh.log) and secret.encode() not in shown
