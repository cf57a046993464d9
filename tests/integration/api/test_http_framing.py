"""What no HTTP client may do to the server: bad framing, bad heads, bad bodies."""

import json
import re
import time

import pytest

from batch_maker import BatchMaker

GET = b"GET /health HTTP/1.1\r\nHost: x\r\n"
POST = b"POST /api/v1/ingest HTTP/1.1\r\nHost: x\r\n"


def head_and_body(received):
    head, _, body = received.partition(b"\r\n\r\n")
    return head.decode(), body


@pytest.mark.parametrize("request_bytes, status, code", [
    pytest.param(GET + b"A: " + b"a" * 17000 + b"\r\n\r\n", 431, "header_too_large", id="head"),
    pytest.param(GET + b"a" * 17000, 431, "header_too_large", id="line without an end"),
    pytest.param(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "uri_too_long",
                 id="uri"),
    pytest.param(POST + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\nabc", 400,
                 "ambiguous_length", id="both lengths"),
    pytest.param(POST + b"Content-Length: 3\r\nContent-Length: 4\r\n\r\nabc", 400,
                 "invalid_content_length", id="two lengths"),
    pytest.param(POST + b"Content-Length: -3\r\n\r\n", 400, "invalid_content_length",
                 id="negative"),
    pytest.param(POST + b"Content-Length: +5\r\n\r\n", 400, "invalid_content_length", id="signed"),
    pytest.param(POST + b"Content-Length: 0x10\r\n\r\n", 400, "invalid_content_length", id="hex"),
    pytest.param(POST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411, "length_required",
                 id="chunked"),
    pytest.param(b"GET /health HTTP/1.1\nHost: x\n\n", 400, "malformed_header", id="bare LF"),
    pytest.param(GET + b"A: b\r\n c\r\n\r\n", 400, "malformed_header", id="folding"),
    pytest.param(GET + b"A : b\r\n\r\n", 400, "malformed_header", id="space before colon"),
    pytest.param(GET + b"A: b\x00\r\n\r\n", 400, "malformed_header", id="NUL"),
    pytest.param(GET + b"A: =?UTF-8?B?DQo=?=\x1b[2J\r\n\r\n", 400, "malformed_header",
                 id="escape codes"),
    pytest.param(b"GET /health HTTP/1.1\r\n\r\n", 400, "invalid_host", id="no host"),
    pytest.param(GET + b"Host: y\r\n\r\n", 400, "invalid_host", id="two hosts"),
    pytest.param(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "http_version", id="HTTP/2"),
    pytest.param(b"GET /health\r\n", 400, "http_version", id="HTTP/0.9"),
    pytest.param(b"GET /health HTTP/1.9\r\nHost: x\r\n\r\n", 505, "http_version", id="HTTP/1.9"),
    pytest.param(b"TRACE / HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed", id="TRACE"),
    pytest.param(b"CONNECT x:1 HTTP/1.1\r\nHost: x\r\n\r\n", 405, "method_not_allowed",
                 id="CONNECT"),
    pytest.param(b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", 501, "method_not_implemented",
                 id="unknown method"),
    pytest.param(b"GET /a/../b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_path", id="dots"),
    pytest.param(b"GET /%2e%2e%2f HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_path",
                 id="encoded dots"),
    pytest.param(b"GET /a%00 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_path", id="encoded NUL"),
    pytest.param(b"GET /a%zz HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_path", id="bad percent"),
    pytest.param(b"GET /%C0%AF HTTP/1.1\r\nHost: x\r\n\r\n", 400, "invalid_path", id="overlong"),
])
def test_bad_head_is_refused_and_the_connection_closed(aggregator, request_bytes, status, code):
    head, body = head_and_body(aggregator.raw(request_bytes))
    assert head.startswith(f"HTTP/1.1 {status} ") or head.startswith(f"HTTP/1.0 {status} ")
    assert "\r\nConnection: close" in head
    problem = json.loads(body)
    assert (problem["status"], problem["code"]) == (status, code)
    assert isinstance(problem["detail"], str)
    if status == 405:
        assert "\r\nAllow: " in head


def test_stray_lines_do_not_keep_a_connection_open(aggregator):
    began = time.monotonic()
    received = aggregator.raw(GET + b"junk\r\n" * 10 + b"\r\n")
    assert b" 400 " in received.split(b"\r\n")[0]
    assert time.monotonic() - began < 5


def test_unfinished_head_is_cut_off(aggregator):
    received = aggregator.raw(GET, timeout=25)
    assert b" 408 " in received.split(b"\r\n")[0]


def test_body_slower_than_the_least_rate_is_cut_off(aggregator):
    token = aggregator.token()
    received = aggregator.raw(
        POST + b"Authorization: Bearer " + token.encode() +
        b"\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n{", timeout=25)
    assert b" 408 " in received.split(b"\r\n")[0]


def test_body_shorter_than_its_length_stores_nothing(aggregator):
    token = aggregator.token()
    maker = BatchMaker("cut-off")
    body = json.dumps(maker.make()).encode()
    received = aggregator.raw(
        POST + b"Authorization: Bearer " + token.encode() +
        b"\r\nContent-Type: application/json\r\nX-Chorus-Protocol: 1\r\nContent-Length: " +
        str(len(body) + 5).encode() + b"\r\n\r\n" + body, half_close=True)
    assert b" 400 " in received.split(b"\r\n")[0]
    assert b"incomplete_body" in received
    assert aggregator.get("/api/v1/hosts/cut-off").status == 404


def test_unread_body_is_not_taken_for_a_request(aggregator):
    inner = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"
    received = aggregator.raw(
        b"GET /health HTTP/1.1\r\nHost: x\r\nContent-Length: " + str(len(inner)).encode() +
        b"\r\n\r\n" + inner + b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert received.count(b"HTTP/1.1 200 OK") == 2
    assert b"HTTP/1.1 404" not in received


def test_pipelined_requests_are_answered_in_order(aggregator):
    received = aggregator.raw(
        b"GET /health HTTP/1.1\r\nHost: x\r\n\r\nGET /nothing HTTP/1.1\r\nHost: x\r\n\r\n"
        b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert re.findall(rb"HTTP/1\.1 (\d+) ", received) == [b"200", b"404", b"200"]


@pytest.mark.parametrize("content_type", ["text/plain", "application/json; charset=utf-16", ""])
def test_body_of_another_type_is_refused(aggregator, content_type):
    answer = aggregator.ingest(BatchMaker().make(), aggregator.token(),
                               headers={"Content-Type": content_type})
    assert (answer.status, answer.json["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("encoding", ["br", "gzip, gzip", "deflate"])
def test_unknown_encoding_is_refused(aggregator, encoding):
    answer = aggregator.ingest(BatchMaker().make(), aggregator.token(),
                               headers={"Content-Encoding": encoding})
    assert (answer.status, answer.json["code"]) == (415, "unsupported_encoding")


def test_damaged_compression_is_refused(aggregator):
    import gzip
    token = aggregator.token()
    good = gzip.compress(json.dumps(BatchMaker().make()).encode())
    for damaged in (good[:-1], good[:-8] + b"\0" * 8, good + b"x", good + good, b"nonsense"):
        answer = aggregator.ingest(damaged, token, headers={"Content-Encoding": "gzip"})
        assert (answer.status, answer.json["code"]) == (400, "invalid_gzip")
    answer = aggregator.ingest(b"nonsense", token, headers={"Content-Encoding": "zstd"})
    assert (answer.status, answer.json["code"]) == (400, "invalid_zstd")


def test_bodies_above_the_limits_are_refused(aggregator):
    import gzip
    token = aggregator.token()
    answer = aggregator.raw(
        POST + b"Authorization: Bearer " + token.encode() +
        b"\r\nContent-Type: application/json\r\nContent-Length: 8388609\r\n\r\n")
    assert b" 413 " in answer.split(b"\r\n")[0] and b"body_too_large" in answer
    bomb = gzip.compress(b" " * (33 << 20))
    answer = aggregator.ingest(bomb, token, headers={"Content-Encoding": "gzip"})
    assert (answer.status, answer.json["code"]) == (413, "inflated_too_large")


def test_every_answer_has_its_headers(aggregator):
    answer = aggregator.get("/health", headers={"X-Request-ID": "abc-1"})
    assert answer.headers["x-request-id"] == "abc-1"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "server-timing" in answer.headers and "date" in answer.headers
    answer = aggregator.get("/health", headers={"X-Request-ID": "bad id"})
    assert answer.headers["x-request-id"] != "bad id"


def test_head_options_and_slash(aggregator):
    answer = aggregator.request("HEAD", "/health")
    assert answer.status == 200 and answer.body == b"" and int(answer.headers["content-length"]) > 0
    answer = aggregator.request("OPTIONS", "/api/v1/hosts")
    assert answer.status == 204 and "GET" in answer.headers["allow"]
    answer = aggregator.get("/api/v1/hosts/?a=b")
    assert (answer.status, answer.headers["location"]) == (307, "/api/v1/hosts?a=b")
    answer = aggregator.request("POST", "/api/v1/hosts")
    assert (answer.status, answer.json["detail"]) == (405, "Method Not Allowed")
    answer = aggregator.get("/nowhere")
    assert (answer.status, answer.json["detail"]) == (404, "Not Found")
    assert answer.headers["content-type"] == "application/problem+json"


def test_cors_for_listed_origins_only(aggregator):
    good, bad = {"Origin": "http://localhost:3000"}, {"Origin": "http://evil.example"}
    answer = aggregator.get("/health", headers=good)
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "access-control-allow-origin" not in aggregator.get("/health", headers=bad).headers
    preflight = aggregator.request("OPTIONS", "/api/v1/hosts", headers={
        **good, "Access-Control-Request-Method": "GET",
        "Access-Control-Request-Headers": "authorization"})
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-headers"] == "authorization"


def test_long_answers_are_compressed_when_asked(aggregator):
    import gzip
    plain = aggregator.get("/api/v1/metric-types")
    packed = aggregator.get("/api/v1/metric-types", headers={"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
