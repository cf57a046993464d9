"""Every bad batch gets a clear error and leaves nothing behind."""

import copy
import json

import pytest

from batch_maker import BatchMaker, process, timestamp


@pytest.fixture(scope="module")
def token(aggregator):
    return aggregator.token()


@pytest.fixture(scope="module")
def maker():
    return BatchMaker("bad-input")


def rows(aggregator):
    return aggregator.sql("SELECT (SELECT count(*) FROM monitoring.system_batches),"
                          " (SELECT count(*) FROM monitoring.process_batches)")


@pytest.fixture(autouse=True)
def nothing_is_stored(aggregator):
    before = rows(aggregator)
    yield
    assert rows(aggregator) == before


@pytest.mark.parametrize("body, code", [
    (b"{", "json_invalid"),
    (b'{"a":1,}', "json_invalid"),
    (b'{"a":1}{"b":2}', "json_invalid"),
    (b'\xef\xbb\xbf{"a":1}', "json_invalid"),
    (b'{"a":1 /* comment */}', "json_invalid"),
    (b"{'a':1}", "json_invalid"),
    (b"[" * 33 + b"]" * 33, "json_too_deep"),
    (b"[" * 1_000_000, "json_too_deep"),
    (b'{"hostname":"a","hostname":"b"}', "json_duplicate_key"),
    (b'{"a":NaN}', "json_invalid"),
    (b'{"a":Infinity}', "json_invalid"),
    (b'{"a":1e400}', "number_invalid"),
    (b'{"a":' + b"9" * 400 + b"}", "number_invalid"),
    (b'{"a":"\\ud800"}', "invalid_utf8"),
    (b'{"a":"\xff"}', "invalid_utf8"),
], ids=lambda value: value if isinstance(value, str) else "body")
def test_what_is_no_json_is_refused_with_its_place(aggregator, token, body, code):
    answer = aggregator.ingest(body, token)
    assert answer.status == 400, answer.body
    if code in ("number_invalid", "invalid_utf8"):
        assert answer.json["code"] in (code, "json_invalid")
    else:
        assert answer.json["code"] == code
    assert "byte " in answer.json["detail"]


def change(path, value):
    def apply(batch):
        target = batch
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = value
    return apply


def remove(*path):
    def apply(batch):
        target = batch
        for step in path[:-1]:
            target = target[step]
        del target[path[-1]]
    return apply


def column(name, value, row=0):
    def apply(batch):
        at = batch["processes"]["columns"].index(name)
        batch["processes"]["rows"][row][at] = value
    return apply


@pytest.mark.parametrize("apply, kind, location", [
    (remove("hostname"), "missing", ["body", "hostname"]),
    (remove("epoch"), "missing", ["body", "epoch"]),
    (remove("seq"), "missing", ["body", "seq"]),
    (remove("agent", "id"), "missing", ["body", "agent", "id"]),
    (change(["epoch"], "not-a-uuid"), "uuid_parsing", ["body", "epoch"]),
    (change(["agent", "id"], 7), None, ["body", "agent", "id"]),
    (change(["hostname"], ""), None, ["body", "hostname"]),
    (change(["hostname"], "a" * 256), "string_too_long", ["body", "hostname"]),
    (change(["hostname"], "a/b"), "string_pattern_mismatch", ["body", "hostname"]),
    (change(["hostname"], "a\x07"), "string_pattern_mismatch", ["body", "hostname"]),
    (change(["hostname"], "a\u0000b"), "string_nul", ["body", "hostname"]),
    (change(["seq"], -1), "greater_than_equal", ["body", "seq"]),
    (change(["seq"], 1.5), None, ["body", "seq"]),
    (change(["timestamp"], "yesterday"), None, ["body", "timestamp"]),
    (change(["timestamp"], "0000-01-01T00:00:00Z"), None, ["body", "timestamp"]),
    (change(["timestamp"], "9999999-01-01T00:00:00Z"), None, ["body", "timestamp"]),
    (change(["timestamp"], timestamp(-3600)), None, ["body", "timestamp"]),
    (change(["metrics", "values"], [1.0]), None, None),
    (change(["metrics", "values", 0], "12"), None, ["body", "metrics", "values", 0]),
    (change(["metrics", "layout", 0, 0], "m" * 101), "string_too_long",
     ["body", "metrics", "layout", 0, 0]),
    (change(["metrics", "layout", 0, 0], "a b;--"), "string_pattern_mismatch",
     ["body", "metrics", "layout", 0, 0]),
    (change(["processes", "rows", 1], [1]), None, None),
    (change(["processes", "columns"], ["pid"]), None, None),
    (column("pid", 0), "greater_than_equal", None),
    (column("pid", -1), "greater_than_equal", None),
    (column("pid", 2**31), None, None),
    (column("pid", "12"), "int_type", None),
    (column("pid", 1.5), "int_type", None),
    (column("disk_read_bytes", 2**64 - 1), None, None),
    (column("memory_percent", -1), "greater_than_equal", None),
    (column("memory_percent", 101), "less_than_equal", None),
    (column("cpu_percent", 1e9), "less_than_equal", None),
    (column("state", "flying"), None, None),
    (column("name", "a\u0000"), "string_nul", None),
    (column("name", None), None, None),
])
def test_bad_field_is_named(aggregator, token, maker, apply, kind, location):
    batch = copy.deepcopy(maker.make())
    apply(batch)
    answer = aggregator.ingest(batch, token)
    assert answer.status == 422, answer.body
    faults = answer.faults()
    assert kind is None or kind in [fault[0] for fault in faults], faults
    assert location is None or location in [fault[1] for fault in faults], faults


@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b"1"])
def test_root_must_be_an_object(aggregator, token, body):
    answer = aggregator.ingest(body, token)
    assert answer.status == 422
    assert answer.faults() == [("dict_type", ["body"])]


def test_empty_body_is_missing(aggregator, token):
    answer = aggregator.ingest(b"", token)
    assert answer.status == 422 and answer.faults() == [("missing", ["body"])]


def test_all_faults_are_told_at_once_and_no_value_is_echoed(aggregator, token, maker):
    batch = maker.make(hostname="secret/value", seq=-1, epoch="secret")
    answer = aggregator.ingest(batch, token)
    assert len(answer.faults()) == 3
    assert b"secret" not in answer.body


def test_problem_form_on_request(aggregator, token, maker):
    answer = aggregator.ingest(maker.make(seq=-1), token,
                               headers={"Accept": "application/problem+json"})
    assert answer.status == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json["errors"][0]["field"] == "/seq"
    assert isinstance(answer.json["detail"], str)


@pytest.mark.parametrize("protocol", ["99", "", "1.0"])
def test_other_protocols_are_refused(aggregator, token, maker, protocol):
    answer = aggregator.ingest(maker.make(), token, headers={"X-Chorus-Protocol": protocol})
    assert (answer.status, answer.json["code"]) == (400, "unsupported_protocol")


def test_too_many_processes(aggregator, token, maker):
    batch = maker.make(processes=[process(i + 1, "p") for i in range(10_001)])
    answer = aggregator.ingest(batch, token)
    assert answer.status == 422 and answer.faults()[0][0] == "too_long"


def test_too_many_series(aggregator, token, maker):
    metrics = {("m", f"l{i}"): (1.0, "count") for i in range(5_001)}
    answer = aggregator.ingest(maker.make(metrics=metrics), token)
    assert answer.status == 422 and answer.faults()[0][0] == "too_long"


def test_nothing_and_nobody(aggregator, token, maker):
    empty = maker.make(metrics={}, processes=[])
    assert aggregator.ingest(empty, token).status == 422


@pytest.mark.parametrize("header", [None, "Bearer ", "Bearer nonsense", "Basic eDp5",
                                    "Bearer chr_agent_" + "A" * 43 + "_00000000"])
def test_without_a_good_token(aggregator, maker, header):
    headers = {"Authorization": header} if header else {}
    answer = aggregator.ingest(maker.make(), None, headers=headers)
    assert answer.status == 401
    assert answer.json["detail"] == "Not authenticated"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
def test_other_roles_may_not_ingest(aggregator, maker, role):
    answer = aggregator.ingest(maker.make(), aggregator.token(role))
    assert answer.status == 403


def test_revoked_token_stops_within_a_second(aggregator, maker):
    token = aggregator.token(name="to be revoked")
    number = [line.split()[0] for line in aggregator.command("token", "list").stdout.splitlines()
              if "to be revoked" in line][-1]
    assert aggregator.command("token", "revoke", number).returncode == 0
    assert aggregator.ingest(maker.make(), token).status == 401


def test_huge_bodies_of_keys_are_refused_quickly(aggregator, token):
    body = json.dumps({f"key{i}": 1 for i in range(300_000)}).encode()
    assert aggregator.ingest(body, token).status == 422
