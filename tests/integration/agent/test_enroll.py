"""`chorus-agent enroll` and `status` against a real aggregator, as an administrator types them."""

import http.server
import itertools
import json
import os
import socket
import stat
import subprocess
import threading

import pytest
from agent_probe import clean_environment

from batch_maker import BatchMaker
from chorus_harness import BIN, Aggregator


_numbers = itertools.count(1)


class Host:
    """A machine with an agent's config file and nothing else."""

    def __init__(self, tmp_path, hostname=None):
        self.hostname = hostname or f"enrolled-{next(_numbers):02}"
        self.etc, self.state = tmp_path / "etc", tmp_path / "state"
        self.etc.mkdir()
        self.state.mkdir()
        self.config = self.etc / "agent.conf"
        self.config.write_text(f"# edited by hand\nhostname = {self.hostname}\n"
                               f"spool-dir = {self.state}\n")
        self.token = self.etc / "agent.token"
        self.drop_in = self.etc / "agent.conf.d" / "enrolled.conf"

    def run(self, *arguments, stdin="", user=None):
        return subprocess.run([os.path.join(BIN, "chorus-agent"), *arguments, "--config",
                               str(self.config)], input=stdin, capture_output=True, text=True,
                              timeout=60, check=False, env=clean_environment(),
                              cwd=self.state, user=user)


@pytest.fixture
def host(tmp_path):
    return Host(tmp_path)


def url(aggregator):
    return f"http://127.0.0.1:{aggregator.port}"


def enrolment(aggregator, uses=1):
    done = aggregator.command("token", "create", "--role", "enrol", "--name", "t", "--uses",
                              str(uses))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def uses_left(aggregator):
    return aggregator.sql("SELECT uses_left FROM monitoring.tokens WHERE role = 'enrol'"
                          " ORDER BY token_id DESC LIMIT 1")[0][0]


def test_one_command_sets_up_url_and_token(aggregator, host):
    token = enrolment(aggregator)
    done = host.run("enroll", url(aggregator), token)
    assert done.returncode == 0, done.stderr
    assert f"enrolled as {host.hostname}." in done.stdout and "systemctl enable" in done.stdout
    assert host.config.read_text().startswith("# edited by hand\n")
    own = host.token.read_text().strip()
    assert own.startswith("chr_agent_") and own not in done.stdout + done.stderr
    for file in (host.token, host.drop_in):
        assert stat.S_IMODE(file.stat().st_mode) & 0o027 == 0, file
    assert [f.name for f in host.etc.iterdir() if f.name.endswith(".new")] == []
    assert host.run("--check-config").returncode == 0
    assert host.run("--once").returncode == 0
    listed = aggregator.get("/api/v1/hosts").json
    assert host.hostname in [row["hostname"] for row in listed]
    assert uses_left(aggregator) == "0"


def test_a_token_on_standard_input_is_in_no_process_list(aggregator, host):
    done = host.run("enroll", url(aggregator), "-", stdin=enrolment(aggregator) + "\n")
    assert done.returncode == 0, done.stderr
    assert host.run("--check-config").returncode == 0


def test_enrolling_again_keeps_the_agents_identity(aggregator, host):
    token = enrolment(aggregator, uses=2)
    assert host.run("enroll", url(aggregator), token).returncode == 0
    assert host.run("--once").returncode == 0
    first = host.token.read_text()
    refused = host.run("enroll", url(aggregator), token)
    assert refused.returncode == 78, refused.stderr
    assert "has a valid token" in refused.stderr and "token revoke" in refused.stderr
    assert host.token.read_text() == first and host.run("--once").returncode == 0
    assert uses_left(aggregator) == "1"
    revoked = refused.stderr.partition("token revoke ")[2].partition("`")[0]
    assert aggregator.command("token", "revoke", revoked).returncode == 0
    again = host.run("enroll", url(aggregator), token)
    assert again.returncode == 0, again.stderr
    assert host.token.read_text() != first
    assert host.run("--once").returncode == 0


def test_a_used_token_is_refused_with_the_reason_and_leaves_nothing(aggregator, host):
    token = enrolment(aggregator)
    other = Host(host.etc, "enrolled-other")
    assert other.run("enroll", url(aggregator), token).returncode == 0
    done = host.run("enroll", url(aggregator), token)
    assert done.returncode == 77
    assert "used up" in done.stderr and "token create --role enrol" in done.stderr
    assert not host.token.exists() and not host.drop_in.exists()


def test_a_name_in_use_is_told(aggregator, host):
    maker = BatchMaker("enrolled-busy")
    assert aggregator.ingest(maker.make(), aggregator.token(name="busy")).status == 200
    host.config.write_text(host.config.read_text().replace(host.hostname, "enrolled-busy"))
    done = host.run("enroll", url(aggregator), enrolment(aggregator))
    assert done.returncode == 78 and "another --hostname" in done.stderr
    assert uses_left(aggregator) == "1" and not host.token.exists()


def test_what_the_aggregator_says_does_nothing_to_the_terminal(host):
    said = json.dumps({"detail": "\x1b[2Jno\x9b31m \u202eway\r\nout"}).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(409)
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_):
            pass

    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.handle_request, daemon=True).start()
        done = host.run("enroll", f"http://127.0.0.1:{server.server_address[1]}", "chr_enrol_x")
    assert done.returncode == 78
    assert "answers 409:  [2Jno 31m way  out\n" in done.stderr


def test_an_aggregator_that_is_away_costs_nothing(host):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        done = host.run("enroll", f"http://127.0.0.1:{port}", "chr_enrol_x")
    assert done.returncode == 69 and "127.0.0.1" in done.stderr
    assert not host.token.exists() and not host.drop_in.exists()


@pytest.mark.parametrize("arguments, word", [
    (["ftp://x", "t"], "http"), (["http://192.0.2.1:8082", "t"], "insecure-http"),
    (["http://127.0.0.1:8082", ""], "missing"), (["http://127.0.0.1:8082", "a b"], "blanks")])
def test_wrong_arguments_are_told_before_anything_is_sent(host, arguments, word):
    done = host.run("enroll", *arguments)
    assert done.returncode == 64 and word in done.stderr
    assert not host.token.exists()


def test_enroll_without_both_words_is_refused(host):
    for arguments in (["enroll"], ["enroll", "http://127.0.0.1:8082"], ["enroll", "a", "b", "c"]):
        assert host.run(*arguments).returncode == 64


@pytest.mark.skipif(os.geteuid() != 0, reason="needs: root")
def test_who_may_not_write_loses_no_use(aggregator, tmp_path):
    host = Host(tmp_path)
    tmp_path.chmod(0o755)
    for folder in tmp_path.parents:
        if folder.stat().st_mode & 0o001 == 0 and str(folder).startswith("/tmp/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    done = host.run("enroll", url(aggregator), enrolment(aggregator), user="nobody")
    assert done.returncode == 77 and "root" in done.stderr, (done.returncode, done.stderr)
    assert uses_left(aggregator) == "1"


def test_status_says_what_to_do_before_and_that_all_is_well_after(aggregator, host):
    before = host.run("status")
    assert before.returncode == 78 and "chorus-agent enroll URL TOKEN" in before.stdout
    assert host.run("enroll", url(aggregator), enrolment(aggregator)).returncode == 0
    after = host.run("status")
    assert after.returncode == 0, after.stdout
    for line in ("ok   configuration", "ok   aggregator", "ok   token", "ok   waiting"):
        assert line in after.stdout


def test_status_tells_a_refused_token_from_an_aggregator_that_is_away(host):
    with Aggregator() as aggregator:
        assert host.run("enroll", url(aggregator), enrolment(aggregator)).returncode == 0
        aggregator.sql("UPDATE monitoring.tokens SET revoked_at = now()")
        refused = host.run("status")
        assert refused.returncode == 69 and "BAD  token" in refused.stdout
        assert "ok   aggregator" in refused.stdout
    away = host.run("status")
    assert away.returncode == 69 and "BAD  aggregator" in away.stdout
    assert "gives no answer" in away.stdout and "firewall" in away.stdout


def test_status_tells_what_waits(aggregator, host):
    assert host.run("enroll", url(aggregator), enrolment(aggregator)).returncode == 0
    host.drop_in.write_text(host.drop_in.read_text().replace(str(aggregator.port), "9"))
    daemon = subprocess.Popen([os.path.join(BIN, "chorus-agent"), "--config", str(host.config),
                               "--metrics-collection-interval", "1", "--log-format", "json"],
                              env=clean_environment(), stdout=subprocess.DEVNULL,
                              stderr=subprocess.PIPE, text=True, cwd=host.state)
    for line in daemon.stderr:
        if json.loads(line)["event"] == "Metrics collection completed":
            break
    daemon.terminate()
    daemon.communicate(timeout=30)
    told = host.run("status")
    assert told.returncode == 69 and "BAD  waiting" in told.stdout and "batches" in told.stdout


def test_the_log_tells_an_unknown_token_from_one_of_another_role(aggregator, host):
    viewer = aggregator.command("token", "create", "--role", "viewer", "--name", "wall").stdout
    revoked = aggregator.token(name="gone")
    aggregator.sql("UPDATE monitoring.tokens SET revoked_at = now() WHERE name = 'gone'")
    for token, word in ((viewer.strip(), "its role is not agent"),
                        (revoked, "does not know this token")):
        host.token.write_text(token)
        host.token.chmod(0o600)
        told = [host.run("--once", "--aggregator-url", url(aggregator), "--agent-token-file",
                         str(host.token)),
                host.run("status", "--aggregator-url", url(aggregator), "--agent-token-file",
                         str(host.token))]
        assert [done.returncode for done in told] == [77, 69]
        for done in told:
            assert word in done.stdout + done.stderr
            assert "chorus-agent enroll" in done.stdout + done.stderr
            assert token not in done.stdout + done.stderr


def test_an_address_where_nobody_listens_is_named_once(host):
    done = host.run("enroll", "http://127.0.0.1:1", "chr_enrol_x")
    assert done.returncode == 69
    assert "http://127.0.0.1:1 gives no answer" in done.stderr and "is the port right" in done.stderr
