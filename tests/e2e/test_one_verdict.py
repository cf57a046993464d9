"""The aggregator and an agent check the same servers, strange ones too, and judge them alike."""

import json
import time

import pytest

from chorus_harness import Agent, Aggregator, wait_until
from odd_servers import (Chain, OddServer, sends, sends_and_resets, sends_without_close_notify,
                         stalls, streams)

OK = b"HTTP/1.1 200 OK\r\n"
TWO = b"Content-Length: 2\r\n"
HEALTHY = ("healthy", None)
EVENTS = b"Content-Type: text/event-stream\r\n"

# name: (what it does, its verdict)
PLAIN = {
    "good": (sends(OK + TWO + b"\r\nok"), HEALTHY),
    "only line feeds": (sends(b"HTTP/1.0 200 OK\nServer: x\n\nok\n"), HEALTHY),
    "mixed line ends": (sends(b"HTTP/1.1 200 OK\n" + TWO + b"\nok"), HEALTHY),
    "folded lines": (sends(OK + b"X: one\r\n   two: x\r\n\tthree\r\n" + TWO + b"\r\nok"), HEALTHY),
    "lengths in two lines": (sends(OK + TWO + TWO + b"\r\nok"), HEALTHY),
    "lengths in a list": (sends(OK + b"Content-Length: 2, 2\r\n\r\nok"), HEALTHY),
    "two lengths": (sends(OK + TWO + b"Content-Length: 3\r\n\r\nok"),
                    ("unhealthy", "The answer's length is no number, or it has two of them")),
    "no colon": (sends(OK + b"a line of something\r\n" + TWO + b"\r\nok"), HEALTHY),
    "blank before a colon": (sends(OK + b"X-A : b\r\n" + TWO + b"\r\nok"), HEALTHY),
    "no UTF-8": (sends(OK + b"Set-Cookie: \x01\xfc=\x02\r\n" + TWO + b"\r\nok"), HEALTHY),
    "40 KB of head": (sends(OK + b"X: " + b"x" * 40_000 + b"\r\n" + TWO + b"\r\nok"), HEALTHY),
    "80 KB of head": (sends(OK + b"X: " + b"x" * 80_000 + b"\r\n" + TWO + b"\r\nok"),
                      ("unhealthy", "The answer's headers are above 64 KiB")),
    "no reason": (sends(b"HTTP/1.1 200\r\n" + TWO + b"\r\nok"), HEALTHY),
    "interim answers": (sends(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + OK + TWO
                              + b"\r\nok"), HEALTHY),
    "other protocol": (sends(b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\n"),
                       ("unhealthy", "HTTP 101")),
    "chunks": (sends(OK + b"Transfer-Encoding: chunked\r\n\r\n2;a=\"b;c\"\r\nok\r\n0\r\nX: y\r\n"
                     b"\r\n"), HEALTHY),
    "cut off": (sends(OK + b"Content-Length: 9\r\n\r\nok"),
                ("unhealthy", "The answer was cut off")),
    "cut off chunks": (sends(OK + b"Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"),
                       ("unhealthy", "The answer was cut off")),
    "error cut off": (sends(b"HTTP/1.1 503 X\r\nContent-Length: 9\r\n\r\nno"),
                      ("unhealthy", "HTTP 503")),
    "reset": (sends_and_resets(b"HTTP/1.0 200 OK\r\n\r\nok"), HEALTHY),
    "stalls": (stalls(OK + b"Content-Length: 500\r\n\r\nabc"), HEALTHY),
    "stalls in its head": (stalls(OK + b"X-A: b\r\n"), ("timeout", "Request timeout")),
    "events": (streams(OK + EVENTS + b"\r\n", b": ping\n\n"), HEALTHY),
    "events in chunks": (streams(OK + EVENTS + b"Transfer-Encoding: chunked\r\n\r\n",
                                 b"8\r\n: ping\n\n\r\n"), HEALTHY),
    "redirect": (sends(b"HTTP/1.1 301 X\r\nLocation: /\r\nContent-Length: 0\r\n\r\n"),
                 ("unhealthy", "HTTP 301")),
    "radio": (sends(b"ICY 200 OK\r\nicy-name: x\r\n\r\naudio"),
              ("unhealthy", "Not an HTTP answer")),
    "silent end": (sends(b""), ("unhealthy", "Connection closed without an answer")),
}
TLS = {
    "chain": (sends(OK + TWO + b"\r\nok"), HEALTHY),
    "no close_notify": (sends_without_close_notify(b"HTTP/1.0 200 OK\r\n\r\nok"), HEALTHY),
    "no close_notify, cut off": (sends_without_close_notify(OK + b"Content-Length: 9\r\n\r\nok"),
                                 ("unhealthy", "The answer was cut off")),
}
CASES = PLAIN | TLS


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory):
    """{(name, who): (status, error)} for who in "aggregator", "agent", and metrics of the former."""
    chain = Chain(tmp_path_factory.mktemp("chain"))
    servers = {name: OddServer(serve, chain.context() if name in TLS else None)
               for name, (serve, _) in CASES.items()}
    endpoints = {f"odd-{i}": {"url": servers[name].url, "timeout_seconds": 2, "interval": 8}
                 for i, name in enumerate(CASES)}
    own = {name: {**endpoint, "interval": 3600} for name, endpoint in endpoints.items()}
    with Aggregator({"SERVICE_ENDPOINTS": json.dumps(own),
                     "CHORUS_HEALTH_CA_FILE": chain.root}) as aggregator:
        with Agent(aggregator, "judge", environment={
                "CHORUS_AGENT_SERVICE_ENDPOINTS": json.dumps(endpoints),
                "CHORUS_AGENT_SERVICE_CA_FILE": chain.root}):
            def told():
                rows = {row["service_name"]: row
                        for row in aggregator.get("/api/v1/services").json}
                known = [rows.get(name + end) for name in endpoints for end in ("", "@judge")]
                return rows if all(row and row["status"] != "unknown" for row in known) else None
            rows = wait_until(told, 60, "every check")
        metrics = aggregator.get("/metrics").body.decode()
    for server in servers.values():
        server.close()
    return {(name, who): (row["status"], row["error_message"])
            for i, name in enumerate(CASES)
            for who, row in (("aggregator", rows[f"odd-{i}"]), ("agent", rows[f"odd-{i}@judge"]))
            }, metrics


@pytest.mark.parametrize("who", ["aggregator", "agent"])
@pytest.mark.parametrize("name", list(CASES))
def test_both_judge_it_so(verdicts, name, who):
    assert verdicts[0][name, who] == CASES[name][1]


def test_the_end_of_a_chain_is_its_earliest(verdicts):
    number = list(CASES).index("chain")
    (line,) = [line for line in verdicts[1].splitlines() if line.startswith(
        "chorus_aggregator_service_certificate_expiry_timestamp_seconds")
        and f'"odd-{number}"' in line]
    days = (float(line.split(" ")[-1]) - time.time()) / 86_400
    assert 2 < days <= 3
