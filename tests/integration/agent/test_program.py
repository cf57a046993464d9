"""The agent as a program: log, exit codes, what it writes."""

import json
import subprocess
import threading

import pytest
from agent_probe import run_agent


def test_log_line_has_the_originals_form(sent):
    lines = [json.loads(line) for line in sent.log.splitlines()]
    done = [line for line in lines if line["event"] == "Metrics collection completed"]
    assert len(done) == 1
    assert done[0]["level"] == "info"
    assert done[0]["hostname"] == "test-host"
    known = [value for value in sent.values.values() if value is not None]
    assert done[0]["system_metrics"] == len(known)
    assert done[0]["process_metrics"] == len(sent.processes)
    assert done[0]["duration_seconds"] > 0


def test_reading_costs_few_descriptors_and_survives_churn(tmp_path):
    """Processes that come and go during the walk neither fail it nor appear as errors."""
    stop = threading.Event()

    def churn():
        while not stop.is_set():
            subprocess.run(["/bin/true"], check=True)

    thread = threading.Thread(target=churn)
    thread.start()
    try:
        for _ in range(5):
            result = run_agent(tmp_path, "--test")
            assert result.returncode == 0, result.stderr
            assert "No such process" not in result.stderr
            json.loads(result.stdout)
    finally:
        stop.set()
        thread.join()


@pytest.mark.parametrize(
    "arguments, code",
    [
        (["--version"], 0),
        (["-V"], 0),
        (["--help"], 0),
        (["--no-such-flag"], 64),
        (["serve"], 64),
        (["--check-config"], 78),  # no token
        (["--check-config", "--aggregator-url", "ftp://127.0.0.1:8082"], 78),
        (["--check-config", "--tls-ca-file", "/nowhere/ca.pem"], 78),
        (["--check-config", "--aggregator-url", "http://192.0.2.1:8082"], 78),
        (["--test", "--hostname", "not/a/name"], 78),
        (["--test", "--metrics-collection-interval", "0"], 78),
        (["--print-config"], 0),
    ],
)
def test_exit_codes(tmp_path, arguments, code):
    assert run_agent(tmp_path, *arguments).returncode == code


@pytest.mark.parametrize("arguments, words", [
    (["stauts"], ["stauts", "did you mean status?"]),
    (["status", "now"], ["status takes no argument", "usage: chorus-agent status"]),
    (["enroll"], ["enroll needs URL", "usage: chorus-agent enroll URL TOKEN",
                  "token create --role enrol"]),
    (["enroll", "https://monitor.example"], ["enroll needs also TOKEN"]),
    (["enroll", "chr_enrol_x", "https://monitor.example"], ["URL comes before the token"]),
    (["enroll", "monitor.example", "chr_enrol_x"], ["https://HOST:PORT"]),
    (["--tets"], ["did you mean --test?"]),
    (["--confgi", "x"], ["did you mean --config?"]),
])
def test_what_is_mistyped_is_told_with_what_is_right(tmp_path, arguments, words):
    done = run_agent(tmp_path, *arguments)
    assert done.returncode == 64 and not done.stdout
    assert all(word in done.stderr for word in words), done.stderr
    assert "chr_enrol_x" not in done.stderr


def test_the_spool_of_a_new_host_is_empty_and_no_fault(tmp_path):
    done = run_agent(tmp_path, "spool", "--spool-dir", str(tmp_path / "state"))
    assert done.returncode == 0 and done.stdout.startswith("0 batches wait"), done.stderr
    assert not (tmp_path / "state").exists()


def test_check_config_is_content_with_a_token(tmp_path):
    result = run_agent(tmp_path, "--check-config", CHORUS_AGENT_TOKEN="chorus_agent_secret")
    assert result.returncode == 0, result.stderr
    shown = run_agent(tmp_path, "--print-config", CHORUS_AGENT_TOKEN="chorus_agent_secret")
    assert "chorus_agent_secret" not in shown.stdout + shown.stderr


def test_once_says_when_the_aggregator_is_away(tmp_path):
    result = run_agent(
        tmp_path,
        "--once",
        "--aggregator-url",
        "http://127.0.0.1:1",
        "--spool-dir",
        str(tmp_path / "state"),
        CHORUS_AGENT_TOKEN="chorus_agent_secret",
    )
    assert result.returncode == 69
    assert "chorus_agent_secret" not in result.stdout + result.stderr
    identity = tmp_path / "state" / "agent-id"
    assert identity.stat().st_mode & 0o777 == 0o600


def test_test_writes_nothing(tmp_path):
    result = run_agent(tmp_path, "--test", "--spool-dir", str(tmp_path / "state"))
    assert result.returncode == 0
    assert not (tmp_path / "state").exists()
