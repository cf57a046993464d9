"""The read endpoints: shapes, numbers and times as openapi.json has them, and bad parameters."""

import re
import uuid
from datetime import datetime

import pytest

from batch_maker import BatchMaker, process, timestamp
from chorus_harness import redis_cli, wait_until

TIME = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")


@pytest.fixture(scope="module")
def stored(aggregator):
    """Three batches of web-01 and one of db-01."""
    web, database = BatchMaker("web-01"), BatchMaker("db-01")
    token = aggregator.token()
    for age in (60, 30, 0):
        assert aggregator.ingest(web.make(seconds_ago=age), token).status == 200
    answer = aggregator.ingest(database.make(
        metrics={"cpu_usage_percent": (99.0, "percent"), "memory_usage_percent": (None, "percent")},
        processes=[process(5, "postgres", cpu_percent=None, disk_read_bytes=None),
                   process(6, "postgres: writer", cpu_percent=1200.5)]), aggregator.token())
    assert answer.json["accepted"] == {"system_metrics": 1, "process_metrics": 2}
    wait_until(lambda: redis_cli("EXISTS", "health:web-01", "health:db-01",
                                 url=aggregator.redis_url) == "2", 10, "the cache")
    return aggregator


def test_system_metrics_newest_first(stored):
    rows = stored.get("/api/v1/metrics/system?metric_type=cpu_usage_percent&hostname=web-01").json
    assert len(rows) == 3
    assert [row["timestamp"] for row in rows] == sorted(
        (row["timestamp"] for row in rows), reverse=True)
    row = rows[0]
    assert set(row) == {"id", "hostname", "metric_type", "metric_value", "metric_unit", "tags",
                        "timestamp", "created_at"}
    assert uuid.UUID(row["id"]) and TIME.match(row["timestamp"]) and TIME.match(row["created_at"])
    assert row["metric_value"] == 12.5 and row["metric_unit"] == "percent" and row["tags"] == {}


def test_unknown_values_are_no_rows(stored):
    path = "/api/v1/metrics/system?hostname=db-01&metric_type="
    assert stored.get(path + "memory_usage_percent").json == []
    assert len(stored.get(path + "cpu_usage_percent").json) == 1


def test_tags_name_the_instance(stored):
    rows = stored.get("/api/v1/metrics/system?tags[mountpoint]=/var&limit=1").json
    assert rows[0]["tags"] == {"mountpoint": "/var"} and rows[0]["metric_value"] == 71.5
    assert stored.get("/api/v1/metrics/system?tags[mountpoint]=/nowhere").json == []


def test_hosts_never_mix(stored):
    for hostname, value in (("web-01", 12.5), ("db-01", 99.0)):
        rows = stored.get(
            f"/api/v1/metrics/system?hostname={hostname}&metric_type=cpu_usage_percent").json
        assert {row["hostname"] for row in rows} == {hostname}
        assert {row["metric_value"] for row in rows} == {value}
        latest = stored.get(f"/api/v1/metrics/latest/{hostname}").json
        assert latest["metrics"]["cpu_usage_percent"]["value"] == value


def test_pages_follow_their_links(stored):
    path, ids = "/api/v1/metrics/system?limit=5", []
    while path:
        answer = stored.get(path)
        ids += [row["id"] for row in answer.json]
        link = answer.headers.get("link")
        path = re.match(r'<([^>]+)>; rel="next"', link)[1] if link else None
    whole = stored.get("/api/v1/metrics/system?limit=1000&count=true")
    assert ids == [row["id"] for row in whole.json]
    assert whole.headers["x-total-count"] == str(len(ids)) == "13"
    assert stored.get("/api/v1/metrics/system?skip=12").json == whole.json[12:]


def test_times_are_inclusive_and_plus_may_be_a_space(stored):
    rows = stored.get("/api/v1/metrics/system?hostname=web-01&metric_type=cpu_usage_percent"
                      "&order=asc").json
    middle = stored.sql("SELECT to_char(timestamp AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US')"
                        " FROM monitoring.system_metrics WHERE hostname = 'web-01' AND"
                        " metric_type = 'cpu_usage_percent' ORDER BY timestamp")[1][0]
    path = "/api/v1/metrics/system?hostname=web-01&metric_type=cpu_usage_percent"
    for form in (middle, middle + "Z", middle + "+00:00"):
        exact = stored.get(f"{path}&start_time={form}&end_time={form}").json
        assert [row["id"] for row in exact] == [rows[1]["id"]]


def test_processes(stored):
    rows = stored.get("/api/v1/metrics/processes?hostname=db-01").json
    assert {row["process_name"] for row in rows} == {"postgres", "postgres: writer"}
    by_pid = {row["process_id"]: row for row in rows}
    assert by_pid[5]["cpu_percent"] is None and by_pid[5]["disk_read_bytes"] is None
    assert by_pid[6]["cpu_percent"] == 1200.5
    row = by_pid[6]
    assert row["memory_mb"] == 64 and row["memory_percent"] == pytest.approx(0.78125, abs=1e-4)
    assert row["network_sent_bytes"] is None and row["network_recv_bytes"] is None
    assert row["status"] == "sleeping" and row["username"] == "root" and row["num_threads"] == 3
    assert TIME.match(row["started_at"])
    names = lambda query: {r["process_name"] for r in stored.get(
        "/api/v1/metrics/processes?" + query).json}
    assert names("process_name=postgres") == {"postgres"}
    assert names("process_name=postgres*") == {"postgres", "postgres: writer"}
    assert names("process_id=812") == {"python"}
    top = stored.get("/api/v1/metrics/processes?sort=cpu_percent&limit=1").json
    assert top[0]["process_id"] == 6


def test_processes_at_any_moment(stored):
    table = stored.get("/api/v1/processes/at?hostname=web-01").json
    assert {row["process_name"] for row in table["processes"]} == {"systemd", "python"}
    assert table["scanned"] == 2
    earlier = stored.get(f"/api/v1/processes/at?hostname=web-01&t={timestamp(45)}").json
    assert earlier["timestamp"] < table["timestamp"]
    assert stored.get("/api/v1/processes/at?hostname=nobody").status == 404
    assert stored.get(f"/api/v1/processes/at?hostname=web-01&t={timestamp(86400)}").status == 404
    assert stored.get("/api/v1/processes/at").faults() == [("missing", ["query", "hostname"])]


def test_overview_dashboard_and_hosts(stored):
    overview = stored.get("/api/v1/system/overview?hostname=web-01").json
    assert overview["cpu_usage"] == 12.5 and overview["disk_usage"] == 61.2
    assert overview["network_io"] is None and overview["process_count"] == 2
    assert stored.get("/api/v1/system/overview").json["hostname"] == "db-01"
    board = stored.get("/api/v1/dashboard/overview").json
    assert set(board["system_health"]) == {"web-01", "db-01"}
    assert board["alert_stats"]["total_alerts"] == 0 and board["service_health"] == []
    hosts = stored.get("/api/v1/hosts").json
    assert [host["hostname"] for host in hosts] == ["db-01", "web-01"]
    assert hosts[0]["status"] == "up" and hosts[0]["agent_version"] == "1.0.0"
    assert stored.get("/api/v1/hosts/nobody").json["detail"] == "Host not found"


def test_summary_and_series(stored):
    summary = stored.get("/api/v1/dashboard/metrics/summary?hours=1").json
    assert summary["time_range_hours"] == 1
    assert summary["summary"]["web-01"]["cpu_usage_percent"] == {
        "avg_value": 12.5, "max_value": 12.5, "min_value": 12.5, "sample_count": 3}
    assert stored.get("/api/v1/dashboard/metrics/summary?hostname=x").json["summary"] == {}
    series = stored.get("/api/v1/dashboard/metrics/series?hostname=web-01&hours=1&max_points=50"
                        "&metric_type=cpu_usage_percent&metric_type=disk_usage_percent").json
    assert {(s["metric_type"], str(s["tags"])) for s in series["series"]} == {
        ("cpu_usage_percent", "{}"), ("disk_usage_percent", "{}"),
        ("disk_usage_percent", "{'mountpoint': '/var'}")}
    assert len(series["t"]) <= 50
    for column in series["series"]:
        assert len(column["avg"]) == len(column["min"]) == len(column["max"]) == len(series["t"])


def test_latest_of_unknown_and_strange_hosts(stored):
    for name, status in (("nobody", 404), ("*", 422), ("a%0d%0ab", 400), ("a" * 256, 422)):
        assert stored.get(f"/api/v1/metrics/latest/{name}").status == status, name


def test_known_host_that_fell_out_of_the_cache_comes_from_postgres(stored):
    redis_cli("FLUSHDB", url=stored.redis_url)
    answer = stored.get("/api/v1/metrics/latest/web-01")
    assert answer.headers["x-cache"] == "miss"
    assert answer.json["metrics"]["disk_usage_percent"]["series"] == [
        {"tags": {"mountpoint": "/var"}, "value": 71.5}]


def test_poisoned_cache_is_not_passed_on(stored):
    redis_cli("SET", "health:web-01", '{"hostname":"db-01"', url=stored.redis_url)
    assert stored.get("/api/v1/system/overview?hostname=web-01").json["hostname"] == "web-01"
    redis_cli("SET", "latest_index:web-01", '["x"]', url=stored.redis_url)
    redis_cli("SET", "latest:web-01:x", '<script>', url=stored.redis_url)
    assert b"script" not in stored.get("/api/v1/metrics/latest/web-01").body


@pytest.mark.parametrize("path, kind, name", [
    ("metrics/system?limit=0", "greater_than_equal", "limit"),
    ("metrics/system?limit=1001", "less_than_equal", "limit"),
    ("metrics/system?limit=abc", "int_parsing", "limit"),
    ("metrics/system?limit=", "int_parsing", "limit"),
    ("metrics/system?limit=1&limit=2", "duplicate", "limit"),
    ("metrics/system?offset=-1", "greater_than_equal", "offset"),
    ("metrics/system?offset=1000000000000", "less_than_equal", "offset"),
    ("metrics/system?start_time=2024-13-01", "datetime_from_date_parsing", "start_time"),
    ("metrics/system?start_time=2024-02-02&end_time=2024-02-01", "value_error", "start_time"),
    ("metrics/system?cursor=forged", "cursor_invalid", "cursor"),
    ("metrics/system?order=up", "string_pattern_mismatch", "order"),
    ("metrics/system?count=maybe", "bool_parsing", "count"),
    ("metrics/processes?process_id=0", "greater_than_equal", "process_id"),
    ("metrics/processes?sort=name", "string_pattern_mismatch", "sort"),
    ("metrics/processes?limit=1001", "less_than_equal", "limit"),
    ("dashboard/metrics/summary?hours=0", "greater_than_equal", "hours"),
    ("dashboard/metrics/summary?hours=169", "less_than_equal", "hours"),
    ("dashboard/metrics/summary?hours=1e3", "int_parsing", "hours"),
    ("dashboard/metrics/summary?hours=-1", "greater_than_equal", "hours"),
    ("dashboard/metrics/series?hostname=web-01&metric_type=a&max_points=1000000000",
     "less_than_equal", "max_points"),
    ("dashboard/metrics/series?hostname=web-01" + "&metric_type=a" * 200, "too_long",
     "metric_type"),
    ("system/overview?hostname=" + "a" * 256, "string_too_long", "hostname"),
    ("system/overview?hostname=../x", "string_pattern_mismatch", "hostname"),
])
def test_bad_parameter_is_named(stored, path, kind, name):
    answer = stored.get("/api/v1/" + path)
    assert answer.status == 422
    assert answer.faults() == [(kind, ["query", name])]


def test_all_bad_parameters_are_told_at_once(stored):
    answer = stored.get("/api/v1/metrics/system?limit=0&offset=-1&order=x")
    assert len(answer.faults()) == 3


def test_cursor_of_another_query_is_refused(stored):
    link = stored.get("/api/v1/metrics/system?limit=1").headers["link"]
    cursor = re.search(r"cursor=([^>]+)>", link)[1]
    assert stored.get(f"/api/v1/metrics/system?limit=2&cursor={cursor}").status == 200
    other = stored.get(f"/api/v1/metrics/system?hostname=web-01&cursor={cursor}")
    assert other.faults() == [("cursor_invalid", ["query", "cursor"])]


@pytest.mark.parametrize("value", ["%25%27%20OR%201=1", "unknown", "%F0%9F%92%A9"])
def test_strange_filters_find_nothing(stored, value):
    for name in ("metric_type", "hostname"):
        answer = stored.get(f"/api/v1/metrics/system?{name}={value}")
        assert (answer.status, answer.json) == (200, [])


def test_unknown_parameters_are_ignored_and_unknown_host_is_404(stored):
    assert stored.get("/api/v1/dashboard/overview?what=ever").status == 200
    assert stored.get("/api/v1/system/overview?hostname=nobody").status == 404
    assert stored.request("POST", "/api/v1/dashboard/overview").status == 405


def test_open_endpoints_take_anything(stored):
    for path in ("/health?a=b", "/ready", "/status?a=b"):
        for method, body in (("GET", b"body"), ("HEAD", None)):
            assert stored.request(method, path, body).status == 200


def test_metric_types_explain_every_original_name(stored):
    types = {entry["metric_type"]: entry for entry in stored.get("/api/v1/metric-types").json}
    assert len(types) >= 26
    for entry in types.values():
        assert entry["source"] and entry["formula"] and entry["meaning"]
    assert types["disk_usage_percent"]["label_name"] == "mountpoint"


def test_own_metrics_are_exposed(stored):
    answer = stored.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.body.decode()
    assert 'chorus_aggregator_ingest_batches_total{result="stored"}' in text
    assert 'route="/api/v1/metrics/latest/{hostname}"' in text
    assert "process_resident_memory_bytes" in text
    openmetrics = stored.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert openmetrics.body.endswith(b"# EOF\n")


def test_the_views_tell_sql_users_the_same(stored):
    rows = stored.sql("SELECT hostname, metric_value, metric_unit, label, tags, id FROM"
                      " monitoring.system_metrics WHERE metric_type = 'cpu_usage_percent'"
                      " ORDER BY timestamp DESC LIMIT 1")
    api = stored.get("/api/v1/metrics/system?metric_type=cpu_usage_percent&limit=1").json[0]
    assert rows == [[api["hostname"], "99", "percent", "", "{}", api["id"]]]
    rows = stored.sql("SELECT process_name, cpu_percent, memory_mb, status, num_threads FROM"
                      " monitoring.process_metrics WHERE process_id = 6")
    assert rows == [["postgres: writer", "1200.5", "64", "sleeping", "3"]]


def test_redis_holds_what_the_contract_says(aggregator, stored):
    token = aggregator.token()
    maker = BatchMaker("cache-01")
    assert aggregator.ingest(maker.make(), token).status == 200
    redis = lambda *command: redis_cli(*command, url=aggregator.redis_url)
    wait_until(lambda: redis("EXISTS", "health:cache-01") == "1", 10, "the cache")
    import json
    latest = json.loads(redis("GET", "latest:cache-01:cpu_usage_percent"))
    assert latest["value"] == 12.5 and latest["unit"] == "percent" and latest["tags"] == {}
    assert TIME.match(latest["timestamp"])
    assert 500 < int(redis("TTL", "latest:cache-01:cpu_usage_percent")) <= 600
    health = json.loads(redis("GET", "health:cache-01"))
    assert health["hostname"] == "cache-01" and health["cpu_usage"] == 12.5
    assert 60 < int(redis("TTL", "health:cache-01")) <= 120
    assert json.loads(redis("GET", "processes:cache-01"))[0]["process_name"] == "python"


# Last in the file: what it sends would change "the host heard of last" of the tests above.
def test_processes_of_now_are_none_of_a_host_that_died(aggregator):
    host, other = BatchMaker("died-01"), BatchMaker("lives-01")
    assert aggregator.ingest(host.make(seconds_ago=7200), aggregator.token()).status == 200
    assert aggregator.ingest(other.make(), aggregator.token()).status == 200
    now = aggregator.get("/api/v1/processes/at?hostname=died-01")
    assert now.status == 404 and now.json["code"] == "no_data"
    last = re.search(r" t=(\S+)$", now.json["detail"])[1]
    table = aggregator.get(f"/api/v1/processes/at?hostname=died-01&t={last}").json
    assert table["hostname"] == "died-01" and len(table["processes"]) == 2
    assert abs((datetime.fromisoformat(last) - datetime.fromisoformat(table["timestamp"]))
               .total_seconds()) <= 0.001
    aggregator.sql("DELETE FROM monitoring.process_batches b USING monitoring.hosts h"
                   " WHERE h.host_id = b.host_id AND h.hostname = 'died-01'")
    none = aggregator.get("/api/v1/processes/at?hostname=died-01")
    assert none.status == 404
    assert none.json["detail"] == "No process table of this host is stored"
